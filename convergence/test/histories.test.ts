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

const findingsOf = async (ofSeed: number, history: number) =>
  (await runHistory(planOf(ofSeed, history), realEngine)).findings;

// What a side still has from one of several bases looked as if that side had said it, and what both had taken away was back.
test.each([
  [2, 21_747],
  [2, 49_648],
  [2, 52_536],
  [2, 83_298],
  [3, 9758],
  [3, 22_575],
  [3, 39_558],
  [3, 61_181],
  [3, 65_178],
])(
  'seed %i, history %i: what each of two has taken away is gone, though each has it from the other',
  async (...of) => {
    expect(await findingsOf(...of)).toEqual([]);
  },
);

// The same with a map that one of them edited further.
test.each([
  [2, 83_586],
  [2, 86_044],
])(
  'seed %i, history %i: a map that one edited and the other took away or settled is in conflict',
  async (...of) => {
    expect(await findingsOf(...of)).toEqual([]);
  },
);

// The same with a file: its states came together in a base that nobody had seen, and seemed to be kept by both.
test.each([
  [2, 92_305],
  [3, 51_764],
])('seed %i, history %i: a file that both took away, each in another state, has no entry', async (...of) => {
  expect(await findingsOf(...of)).toEqual([]);
});

// It was in no conflict any more, and that looked as if somebody had settled one.
test('seed 3, history 45791: what is left over from a merge goes with whoever settles the conflict', async () => {
  expect(await findingsOf(3, 45_791)).toEqual([]);
});

// One had merged the same items beside others, so that they came behind a line before which the other had them.
test('seed 2, history 65195: items that both put in, each in another place, are there once', async () => {
  expect(await findingsOf(2, 65_195)).toEqual([]);
});

// Both were sides of a base that nobody had seen, beside a deletion that a third had made meanwhile.
test('seed 3, history 10977: a text that one chose and one that the other brought back are not dropped', async () => {
  expect(await findingsOf(3, 10_977)).toEqual([]);
});

// Each of two texts was left out for being within what the other one was a part of.
test('seed 3, history 79926: of texts that only merges have left out nothing is lost', async () => {
  expect(await findingsOf(3, 79_926)).toEqual([]);
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
