import { ProblemError } from '@cd-push/protocol';
import { describe, expect, test } from 'vitest';

import { syncScenarios, type IfReadOnly, type Side } from '../../src/index.ts';
import { memoryPair, readingPair } from './support/memory-pair.ts';

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

describe.each(['a', 'b'] as const)('where side %s may read and not write, in memory', (side: Side) => {
  const situationsThat = (become: IfReadOnly) =>
    syncScenarios.flatMap(({ number, title: scenario, situations }) =>
      situations
        .filter(({ readOnly }) => readOnly[side] === become)
        .map((situation) => ({ number, scenario, ...situation })),
    );

  test.each(situationsThat('holds'))('[SYNC-$number] $scenario holds: $title', async ({ begin }) => {
    const play = begin(readingPair(side));
    await play.setUp();
    await play.run();
    const checks = await play.check();
    expect(checks.length).toBeGreaterThan(0);
    expect(checks.filter(({ holds }) => !holds)).toEqual([]);
  });

  test.each(situationsThat('refused'))('[SYNC-27] $scenario is refused: $title', async ({ begin }) => {
    const pair = readingPair(side);
    const kinds: string[] = [];
    const play = begin({
      ...pair,
      sync: async (initiator, wanted) => {
        try {
          return await pair.sync(initiator, wanted);
        } catch (error) {
          if (error instanceof ProblemError) kinds.push(error.problem.kind);
          throw error;
        }
      },
    });
    await play.setUp();
    // Some of them catch what a saga ends with, to look at it.
    await play.run().catch(() => undefined);
    expect(kinds).toEqual(['forbidden']);
  });
});
