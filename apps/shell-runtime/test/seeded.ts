/** Choices that come out the same for the same seed. */
export interface Random {
  /** An integer from 0 to just below. */
  below(bound: number): number;
  pick<Value>(values: readonly Value[]): Value;
}

/** Mulberry32: enough to choose by, and the same on every platform. */
export const seeded = (seed: number): Random => {
  let state = seed;
  const below = (bound: number): number => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
  return {
    below,
    pick: (values) => {
      const value = values[below(values.length)];
      if (value === undefined) throw new RangeError('There is nothing to choose from.');
      return value;
    },
  };
};
