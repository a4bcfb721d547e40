import type { Staged } from './component.ts';

/**
 * Applies several parts all or nothing, in order. What was applied before a failure is restored in reverse, and the
 * failure is thrown on.
 */
export const applyTogether = async (parts: readonly Staged[]): Promise<void> => {
  const touched: Staged[] = [];
  try {
    for (const part of parts) {
      touched.push(part);
      await part.apply();
    }
  } catch (error) {
    for (const part of touched.toReversed()) await part.restore();
    throw error;
  }
  for (const part of parts) part.commit?.();
};
