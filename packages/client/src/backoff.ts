import { orAborted } from './or-aborted.ts';

/** Between which bounds the waits between tries grow: each is twice the one before it. Milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * Milliseconds to wait after so many failures in a row. Half of it is chance, so that clients which lost the same relay
 * at the same moment do not come back at the same moment.
 *
 * @param failures before the latest one.
 * @param retryAfter seconds that the other side asked for; it is never come back to earlier.
 */
export const waitMsAfter = (
  { firstMs, lastMs }: Backoff,
  failures: number,
  retryAfter: number | undefined,
): number => {
  const waitMs = Math.min(lastMs, firstMs * 2 ** failures) * (0.5 + Math.random());
  return Math.max(waitMs, (retryAfter ?? 0) * 1000 * (1 + Math.random() / 4));
};

/**
 * Resolves after so many milliseconds.
 *
 * @throws the signal's reason.
 */
export const pause = async (milliseconds: number, signal: AbortSignal | undefined): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  try {
    await orAborted(promise, signal);
  } finally {
    clearTimeout(timer);
  }
};
