import { now, type EpochMs } from '@cd-push/protocol';

/** Time as the relay sees it; tests bring their own. */
export interface Clock {
  now(): EpochMs;
  /** Calls back once after so many milliseconds, unless the answer is called before. */
  after(ms: number, callback: () => void): () => void;
}

/** What a timer of Node can hold; anything longer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now,
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), longestTimerMs));
    // A relay lives by its sockets; no deadline keeps a process alive that has nothing else to do.
    timer.unref();
    return () => clearTimeout(timer);
  },
};
