/** The middle of a list, or the mean of its two middles; NaN of nothing. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
};

/**
 * Interval that holds the median of what a list is a sample of with about 95 % likelihood, by order statistics: nothing is
 * assumed of the distribution, which has a long tail here.
 */
export const medianInterval = (
  values: readonly number[],
): { readonly low: number; readonly high: number } => {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  const below = Math.max(0, Math.floor((count - 1.96 * Math.sqrt(count)) / 2));
  return { low: sorted[below] ?? Number.NaN, high: sorted[count - 1 - below] ?? Number.NaN };
};
