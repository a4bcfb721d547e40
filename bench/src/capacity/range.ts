/** A quantity with the extremes between which it was measured; both are the quantity itself where it is chosen. */
export interface Range {
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

export const chosen = (value: number): Range => ({ value, min: value, max: value });

export const times = (...factors: readonly Range[]): Range => factors.reduce(product, chosen(1));
export const over = (dividend: Range, divisor: Range): Range => ({
  value: dividend.value / divisor.value,
  min: dividend.min / divisor.max,
  max: dividend.max / divisor.min,
});
export const plus = (a: Range, b: Range): Range => ({
  value: a.value + b.value,
  min: a.min + b.min,
  max: a.max + b.max,
});

/** The largest of several, in each extreme. */
export const largest = (ranges: readonly Range[]): Range => ({
  value: Math.max(...ranges.map(({ value }) => value)),
  min: Math.max(...ranges.map(({ min }) => min)),
  max: Math.max(...ranges.map(({ max }) => max)),
});

/** Whole ones, as many as it takes. */
export const whole = ({ value, min, max }: Range): Range => ({
  value: Math.ceil(value),
  min: Math.ceil(min),
  max: Math.ceil(max),
});

const product = (a: Range, b: Range): Range => ({
  value: a.value * b.value,
  min: a.min * b.min,
  max: a.max * b.max,
});
