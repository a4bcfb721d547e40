import { ProblemError } from '@cd-push/protocol';
import { syncScenarios, type ScenarioPair, type Side, type Tip } from '@cd-push/timeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Stage } from '../src/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage[Symbol.asyncDispose]());

/**
 * What is different of a situation where one of its sides may read and not write. In all others the runtime has something that
 * the relay lacks, and so the relay refuses.
 */
const reads: Readonly<Record<Side, ReadonlySet<string>>> = {
  // What the other side has goes to the runtime.
  a: new Set([
    'B has one that A wants',
    'A has v1, B has v2, and A asks',
    'abort: nothing changes anywhere',
    'manual: B’s frame comes to A, to be settled there',
  ]),
  b: new Set([
    'B has nothing of it',
    'it brings the contents of its files along, each once',
    'c2 refers to c1; then comes c3, which does too',
    'B has v0 and v1, A has v2',
    '5 edits that B has not seen',
    '50 edits that B has not seen',
    'alpha and beta are new to B',
    'a frame of beta is wrong, and so alpha stays where it is as well',
    'abort: nothing changes anywhere',
  ]),
};

/** Of these the relay would have to begin, and take what the runtime has without moving a tip. */
const begunByRelay = new Set(['manual: B’s frame comes to A, to be settled there']);

const situationsOf = (side: Side, areRead: boolean) =>
  syncScenarios.flatMap(({ number, title: scenario, situations }) =>
    situations
      .filter(({ title }) => reads[side].has(title) === areRead)
      .filter(({ title }) => areRead || side === 'a' || !begunByRelay.has(title))
      .map((situation) => ({ number, scenario, ...situation })),
  );

/** Every saga leaves the relay's tips as they were, and how those that failed did. */
const watched = (pair: ScenarioPair, relay: Side) => {
  const kinds: string[] = [];
  const sync: ScenarioPair['sync'] = async (initiator, wanted) => {
    const before = await tipsOf(pair, relay);
    try {
      return await pair.sync(initiator, wanted);
    } catch (error) {
      if (error instanceof ProblemError) kinds.push(error.problem.kind);
      throw error;
    } finally {
      expect(await tipsOf(pair, relay)).toEqual(before);
    }
  };
  return { pair: { ...pair, sync }, kinds };
};

const tipsOf = async ({ spaces }: ScenarioPair, side: Side): Promise<readonly Tip[]> =>
  spaces[side].tips(undefined, 10_000);

test('the runtime is a process of its own', () => {
  expect(new Set([process.pid, stage.replicas.a.pid, stage.runtime.pid]).size).toBe(3);
});

describe.each(['a', 'b'] as const)('between a relay and a runtime that is side %s', (side) => {
  test.each(situationsOf(side, true))(
    '[SYNC-$number] $scenario, what the runtime lacks comes to it: $title',
    async ({ begin }) => {
      const { pair } = watched(await stage.pairWithRuntime(side), side === 'a' ? 'b' : 'a');
      const play = begin(pair);
      await play.setUp();
      await play.run();
      const checks = await play.check();
      expect(checks.length).toBeGreaterThan(0);
      expect(checks.filter(({ holds }) => !holds)).toEqual([]);
    },
  );

  test.each(situationsOf(side, false))(
    '[SYNC-27] $scenario, what the runtime has is refused: $title',
    async ({ begin }) => {
      const { pair, kinds } = watched(await stage.pairWithRuntime(side), side === 'a' ? 'b' : 'a');
      const play = begin(pair);
      await play.setUp();
      // Some of them catch what a saga ends with, to look at it.
      await play.run().catch(() => undefined);
      expect(kinds).toEqual(['forbidden']);
    },
  );
});
