import type { Engine } from '../engine/engine.ts';
import { runHistory, type Outcome } from '../history/run-history.ts';
import { leastOperations, planOf } from '../plan/plan.ts';
import { added, emptyTally, tallyOf, type Tally } from './tally.ts';

/** Histories that follow each other. */
export interface Part {
  readonly seed: number;
  /** Number of the first. */
  readonly from: number;
  readonly histories: number;
}

export const runPart = async ({ seed, from, histories }: Part, engine: Engine): Promise<Tally> => {
  let tally = emptyTally;
  for (let history = from; history < from + histories; history += 1) {
    const outcome = await runHistory(planOf(seed, history), engine);
    demandEnough(history, outcome);
    tally = added(tally, tallyOf(history, outcome));
  }
  return tally;
};

/** @throws {Error} where less happened in a history than has to: nothing is proven by it then. */
const demandEnough = (history: number, { operations, concurrentPairs, findings }: Outcome): void => {
  if (findings.length > 0 || (operations >= leastOperations && concurrentPairs > 0)) return;
  throw new Error(
    `History ${history} has ${operations} operations, ${concurrentPairs} pairs of them concurrent.`,
  );
};
