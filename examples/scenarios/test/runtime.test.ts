import { ProblemError } from '@cd-push/protocol';
import { syncScenarios, type IfReadOnly, type ScenarioPair, type Side, type Tip } from '@cd-push/timeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Stage } from '../src/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage[Symbol.asyncDispose]());

const situationsThat = (become: IfReadOnly, side: Side) =>
  syncScenarios.flatMap(({ number, title: scenario, situations }) =>
    situations
      .filter(({ readOnly }) => readOnly[side] === become)
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
  test.each(situationsThat('holds', side))(
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

  test.each(situationsThat('refused', side))(
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
