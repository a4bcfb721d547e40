import { ProblemError } from '@cd-push/protocol';

const firstWaitMs = 1_000;
const lastWaitMs = 30_000;

/**
 * Does something over the network until it succeeds, or fails for a reason that time does not mend. Waits longer each
 * time, with jitter, so that the pages of a service that comes back do not come all at once; a page that comes online
 * tries at once.
 *
 * @throws what `work` throws, if that is not a retryable problem.
 */
export const keepTrying = async <Value>(work: () => Promise<Value>): Promise<Value> => {
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(lastWaitMs, waitMs * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ProblemError) || !error.problem.retryable) throw error;
    }
    await pause(waitMs * (0.5 + Math.random()));
  }
};

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener('online', done);
  });
