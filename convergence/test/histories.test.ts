import { describe, expect, test } from 'vitest';

import { realEngine } from '../src/engine/real-engine.ts';
import { runHistory } from '../src/history/run-history.ts';
import { shrink } from '../src/history/shrink.ts';
import { leastOperations, planOf } from '../src/plan/plan.ts';
import { receivePlants } from '../src/planted/receive-plants.ts';

const seed = 1;
const slow = 600_000;
const histories = Array.from({ length: 200 }, (_, index) => index + 1);

test(
  'histories of three to five replicas converge, lose nothing, and merge to stable addresses',
  async () => {
    const found = { merges: 0, crissCrosses: 0, conflicts: 0, crashes: 0 };
    for (const history of histories) {
      const plan = planOf(seed, history);
      expect(plan.replicas).toBeGreaterThanOrEqual(3);
      expect(plan.replicas).toBeLessThanOrEqual(5);
      const outcome = await runHistory(plan, realEngine);
      expect(outcome.findings, `history ${history}`).toEqual([]);
      expect(outcome.operations).toBeGreaterThanOrEqual(leastOperations);
      expect(outcome.concurrentPairs).toBeGreaterThanOrEqual(1);
      for (const name of ['merges', 'crissCrosses', 'conflicts', 'crashes'] as const)
        found[name] += outcome[name];
    }
    // A history in which nothing came together proves nothing.
    expect(found.merges).toBeGreaterThan(10 * histories.length);
    expect(found.crissCrosses).toBeGreaterThan(histories.length);
    expect(found.conflicts).toBeGreaterThan(histories.length);
    expect(found.crashes).toBeGreaterThan(histories.length / 10);
  },
  slow,
);

// What was found in them was no loss: a digest spelled a word of an edit (lost-edits.test.ts has the two).
test.each([3021, 6723])('history %i of seed 1 loses nothing', async (history) => {
  expect((await runHistory(planOf(seed, history), realEngine)).findings).toEqual([]);
});

// Histories that cross: what was made of several bases told a side that was chosen, or a line that was taken away, from
// what was new by its place, or by being a side of the base.
test.each([11_122, 16_278, 52_560, 68_919, 69_962, 81_721])(
  'history %i of seed 1 keeps what was settled and taken away where histories cross',
  async (history) => {
    expect((await runHistory(planOf(seed, history), realEngine)).findings).toEqual([]);
  },
);

// The manifest that one has merged named a merge of a file that nobody else had made in that order.
test.each([10_996, 93_381])(
  'history %i of seed 1: a file is saved upon a merge that holds all that the manifest names',
  async (history) => {
    expect((await runHistory(planOf(seed, history), realEngine)).findings).toEqual([]);
  },
);

// Each of two dropped the side that the other chose, and what a third had done meanwhile was all that was left.
test('history 37749 of seed 1: a conflict that is settled in two ways keeps both beside a concurrent edit', async () => {
  expect((await runHistory(planOf(seed, 37_749), realEngine)).findings).toEqual([]);
});

// One had the frames of a file that the other had merged, and that looked as if he had dropped the merge.
test('history 40207 of seed 1: a file in conflict is there, be it merged or as what came together in it', async () => {
  expect((await runHistory(planOf(seed, 40_207), realEngine)).findings).toEqual([]);
});

describe('a history', () => {
  const logOf = async (history: number, engine = realEngine): Promise<readonly string[]> => {
    const lines: string[] = [];
    await runHistory(planOf(seed, history), engine, (line) => lines.push(line()));
    return lines;
  };

  test('is the same whenever it is played', async () => {
    expect(await logOf(7)).toEqual(await logOf(7));
    expect(await logOf(7)).not.toEqual(await logOf(8));
  });

  test('that fails is cut to the steps that it takes, which are played as they were', async () => {
    const plant = receivePlants.find(({ name }) => name === 'takes the other tip without merging');
    expect(plant).toBeDefined();
    const engine = plant!.into(realEngine);
    const plan = planOf(seed, 2);
    const least = await shrink(plan, engine);
    expect(least!.steps.length).toBeLessThan(plan.steps.length / 2);
    expect(plan.steps).toEqual(expect.arrayContaining([...least!.steps]));
    expect((await runHistory(least!, engine)).findings).not.toEqual([]);
    for (const step of least!.steps) {
      const fewer = least!.steps.filter((other) => other !== step);
      expect((await runHistory({ ...least!, steps: fewer }, engine)).findings).toEqual([]);
    }
    expect(await shrink(plan, realEngine)).toBeUndefined();
  });
});
