/**
 * What was asked for; or the signal's reason, for an answer may take until a relay is back.
 *
 * @throws what asking for it threw; the signal's reason.
 */
export const unlessAborted = async <Value>(asked: Promise<Value>, signal: AbortSignal): Promise<Value> => {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([asked, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};
