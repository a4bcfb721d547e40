import { request } from 'node:http';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Host } from '../src/host.ts';
import { Stage } from '../src/stage.ts';
import type { StepView } from '../src/view.ts';

let stage: Stage;
let host: Host;
beforeAll(async () => {
  stage = await Stage.open();
  host = await Host.open(stage, 0);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const take = async (question: unknown): Promise<StepView> => {
  const answer = await fetch(`${host.url}/steps`, { method: 'POST', body: JSON.stringify(question) });
  expect(answer.status).toBe(200);
  return (await answer.json()) as StepView;
};

const statusOf = (
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sent = request(new URL(path, host.url), { method, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });

describe('the host of the page', () => {
  test('answers nobody but the page itself', async () => {
    expect(await statusOf('/', {})).toBe(200);
    expect(await statusOf('/', { host: 'scenarios.example' })).toBe(403);
    expect(await statusOf('/steps', { origin: 'https://evil.example' }, 'POST')).toBe(403);
  });

  test.each(['/main.js', '/../package.json', '/replica/replica.ts', '/steps'])(
    'has no %s to give out',
    async (path) => {
      expect(await statusOf(path, {})).toBe(404);
    },
  );

  test.each([
    ['no JSON', 'x', 404],
    ['another scenario', JSON.stringify({ scenario: 11, situation: 0, step: 'run' }), 404],
    ['another situation', JSON.stringify({ scenario: 1, situation: 9, step: 'run' }), 404],
    ['another step', JSON.stringify({ scenario: 1, situation: 0, step: 'undo' }), 404],
    ['far too much', 'x'.repeat(10_000), 413],
  ])('does not take %s', async (_title, body, status) => {
    expect((await fetch(`${host.url}/steps`, { method: 'POST', body })).status).toBe(status);
  });
});

describe('steps', () => {
  test('come in their order, and say what to do where they do not', async () => {
    expect(await take({ scenario: 3, situation: 0, step: 'run' })).toMatchObject({
      failure: 'Set it up first.',
    });
    await take({ scenario: 3, situation: 0, step: 'set-up' });
    expect(await take({ scenario: 3, situation: 0, step: 'check' })).toMatchObject({
      failure: 'The next step is “run”.',
    });
    expect(await take({ scenario: 1, situation: 0, step: 'run' })).toMatchObject({
      failure: 'Set it up first.',
    });
  });

  test('show where both sides stand: what one alone has, what both have, and the merge of them', async () => {
    const before = await take({ scenario: 7, situation: 0, step: 'set-up' });
    const [alpha] = before.stand.timelines;
    expect(alpha?.sides.a.frames.map(({ height, label, isShared }) => ({ height, label, isShared }))).toEqual(
      [
        { height: 2, label: 'x = 2', isShared: false },
        { height: 1, label: 'x = 1, y = 1', isShared: true },
        { height: 0, label: 'begins', isShared: true },
      ],
    );
    const ran = await take({ scenario: 7, situation: 0, step: 'run' });
    expect(ran.sagas).toMatchObject([{ initiator: 'a', sent: 2, received: 1, end: 'well' }]);
    const [merged] = ran.stand.timelines;
    expect(merged?.sides.a).toEqual(merged?.sides.b);
    expect(merged?.sides.b.frames[0]).toMatchObject({ isMerge: true, hasConflict: false, isShared: true });
    const checked = await take({ scenario: 7, situation: 0, step: 'check' });
    expect(checked.checks.length).toBeGreaterThan(8);
  });

  test('of a long history show the latest frames and the first, and how many are between', async () => {
    const { stand } = await take({ scenario: 4, situation: 1, step: 'set-up' });
    const [alpha] = stand.timelines;
    expect(alpha?.sides.a.frames.map(({ height }) => height)).toEqual([50, 49, 48, 47, 46, 45, 44, 43, 0]);
    expect([alpha?.sides.a.leftOut, alpha?.sides.b.frames]).toEqual([42, []]);
  });

  test('tell of a saga that ended with a problem by its kind', async () => {
    await take({ scenario: 7, situation: 3, step: 'set-up' });
    expect((await take({ scenario: 7, situation: 3, step: 'run' })).sagas).toMatchObject([
      { end: 'sync-aborted' },
    ]);
  });

  test('that fail say why, and it can be set up anew where that helps', async () => {
    const broken = await Stage.open();
    const other = await Host.open(broken, 0);
    const ask = async (step: string): Promise<StepView> => {
      const body = JSON.stringify({ scenario: 1, situation: 0, step });
      return (await (await fetch(`${other.url}/steps`, { method: 'POST', body })).json()) as StepView;
    };
    expect((await ask('set-up')).failure).toBeUndefined();
    await broken.replicas.b[Symbol.asyncDispose]();
    expect((await ask('run')).failure).toContain('The replica has ended');
    await other[Symbol.asyncDispose]();
    await broken[Symbol.asyncDispose]();
  });
});
