/** Sends a request and tells when it left and when its answer was there, on this machine's clock. */
export const timed = async <Value>(
  send: () => Promise<Value>,
): Promise<{ value: Value; sentAt: number; receivedAt: number }> => {
  const sentAt = Date.now();
  const value = await send();
  return { value, sentAt, receivedAt: Date.now() };
};
