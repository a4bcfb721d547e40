import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import type { Part } from './part.ts';
import { added, emptyTally, type Tally } from './tally.ts';

export interface RunSettings {
  readonly seed: number;
  readonly histories: number;
  readonly workers: number;
  readonly signal: AbortSignal;
  /** Hears of every part that is done. */
  readonly progress: (tally: Tally) => void;
}

/** Histories that a thread plays at a time. */
const partSize = 50;

/** Plays histories 1 to so many, on several threads. What comes of it does not depend on how many there are. */
export const run = async ({ seed, histories, workers, signal, progress }: RunSettings): Promise<Tally> => {
  let tally = emptyTally;
  let next = 1;
  const nextPart = (): Part | undefined => {
    if (next > histories) return undefined;
    const part = { seed, from: next, histories: Math.min(partSize, histories - next + 1) };
    next += part.histories;
    return part;
  };
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('worker.ts', import.meta.url));
    try {
      for (let part = nextPart(); part !== undefined; part = nextPart()) {
        const answer = once(worker, 'message', { signal });
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker.postMessage(part);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is what the worker answers
        const [done] = (await answer) as [Tally];
        tally = added(tally, done);
        progress(tally);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, Math.ceil(histories / partSize)) }, work));
  return tally;
};
