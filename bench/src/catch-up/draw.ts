/** Numbers from 0 to below 1, the same ones from the same seed (mulberry32). */
export type Draw = () => number;

export const drawFrom = (seed: number): Draw => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** A whole number from 0 to below a bound. */
export const below = (draw: Draw, bound: number): number => Math.floor(draw() * bound);

/** @throws RangeError where there is nothing to pick from. */
export const pick = <Item>(draw: Draw, items: readonly Item[]): Item => {
  const item = items[below(draw, items.length)];
  if (item === undefined) throw new RangeError('There is nothing to pick from.');
  return item;
};
