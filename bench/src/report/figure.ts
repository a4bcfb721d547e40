import type { Ratio } from '../statistics/rounds.ts';
import { bars } from './bars.ts';
import type { Bar, Figure } from './result.ts';

interface Remarks {
  readonly unit?: string;
  readonly note?: string;
}

/** A figure from its ratio; `bare` beside it where there is an anchor that does not sign. */
export const figureOf = (
  id: string,
  { ratio, min, max, low, high }: Ratio,
  { bare, ...remarks }: Remarks & { readonly bare?: Ratio } = {},
): Figure => judged({ id, ratio, bare: bare?.ratio ?? null, min, max, low, high, ...remarks });

/** A figure that is what it is each time, such as a size. */
export const sizeOf = (id: string, value: number, unit: string): Figure => worstOf(id, [value], { unit });

/** The worst of several values that are what they are each time, where less is better. */
export const worstOf = (id: string, values: readonly number[], remarks: Remarks): Figure => {
  const worst = Math.max(...values);
  const least = Math.min(...values);
  return judged({
    id,
    ratio: worst,
    bare: null,
    min: least,
    max: worst,
    low: worst,
    high: worst,
    ...remarks,
  });
};

/** A figure that was asked for and could not be measured. */
export const missing = (id: string, note: string): Figure =>
  judged({ id, ratio: null, bare: null, min: null, max: null, low: null, high: null, note });

const judged = (figure: Omit<Figure, 'bar' | 'holds'>): Figure => {
  const bar = bars[figure.id]?.bar ?? null;
  return { ...figure, bar, holds: bar === null || figure.ratio === null ? null : holds(figure.ratio, bar) };
};

const holds = (value: number, bar: Bar): boolean =>
  'atMost' in bar ? value <= bar.atMost : value >= bar.atLeast;

/** Once more in terms of speed instead of time: what took 1.25 times as long ran at 0.8 of the speed. */
export const asSpeed = ({ ratio, min, max, low, high, spread }: Ratio): Ratio => ({
  ratio: 1 / ratio,
  min: 1 / max,
  max: 1 / min,
  low: 1 / high,
  high: 1 / low,
  spread,
});
