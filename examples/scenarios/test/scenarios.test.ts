import { syncScenarios } from '@cd-push/timeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Stage } from '../src/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage[Symbol.asyncDispose]());

test('the developers are processes of their own', () => {
  const pids = [process.pid, stage.replicas.a.pid, stage.replicas.b.pid];
  expect(new Set(pids).size).toBe(3);
});

describe.each(syncScenarios)('[SYNC-$number] $title, over a relay', ({ situations }) => {
  test.each(situations)('$title', async ({ begin }) => {
    const play = begin(await stage.pair());
    await play.setUp();
    await play.run();
    const checks = await play.check();
    expect(checks.length).toBeGreaterThan(0);
    expect(checks.filter(({ holds }) => !holds)).toEqual([]);
  });
});
