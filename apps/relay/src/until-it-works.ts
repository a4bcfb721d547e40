import type { Log } from './log.ts';

/** The pause after the first failure; each that follows is up to twice as long. */
const firstPauseMs = 250;
const longestPauseMs = 5_000;

/** Resolves after so many milliseconds, or as soon as the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/**
 * Attempts something until it does not fail. What it fails for is said once, and again when it is something else.
 *
 * @throws the signal's reason.
 */
export const untilItWorks = async (
  attempt: () => Promise<void>,
  complaint: string,
  log: Log,
  signal: AbortSignal | undefined,
  pause: Pause = sleep,
): Promise<void> => {
  let said: string | undefined;
  for (let bound = firstPauseMs; ; bound = Math.min(bound * 2, longestPauseMs)) {
    signal?.throwIfAborted();
    try {
      await attempt();
      return;
    } catch (error) {
      const reason = causesOf(error);
      if (reason !== said) log.warn({ reason }, complaint);
      said = reason;
      // Relays that were started together do not come back together.
      await pause(bound * (0.5 + Math.random() / 2), signal);
    }
  }
};

/** What an error says that was expected, with what it came from, and without the places in the program. */
export const causesOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const said = error.message === '' && 'code' in error ? String(error.code) : error.message;
  return error.cause === undefined ? said : `${said} (${causesOf(error.cause)})`;
};

const sleep: Pause = (ms, signal) =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
