import { describe, expect, test } from 'vitest';

import { syncScenarios } from '../../src/index.ts';
import { memoryPair } from './support/memory-pair.ts';

describe.each(syncScenarios)('[SYNC-$number] $title, in memory', ({ situations }) => {
  test.each(situations)('$title', async ({ begin }) => {
    const play = begin(memoryPair());
    await play.setUp();
    await play.run();
    const checks = await play.check();
    expect(checks.length).toBeGreaterThan(0);
    expect(checks.filter(({ holds }) => !holds)).toEqual([]);
  });
});
