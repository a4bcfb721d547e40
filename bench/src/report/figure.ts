import type { Ratio } from '../statistics/rounds.ts';
import type { Bar, Figure } from './result.ts';

/** A figure from its ratio; `bare` beside it where there is an anchor that does not sign. */
export const figureOf = (
  id: string,
  { ratio, min, max, low, high }: Ratio,
  { bar, bare, note }: { readonly bar?: Bar; readonly bare?: Ratio; readonly note?: string } = {},
): Figure => ({
  id,
  ratio,
  bare: bare?.ratio ?? null,
  min,
  max,
  low,
  high,
  bar: bar ?? null,
  holds: bar === undefined ? null : holds(ratio, bar),
  ...(note === undefined ? {} : { note }),
});

/** A figure that is what it is each time, such as a size. */
export const sizeOf = (id: string, value: number, unit: string, bar?: Bar): Figure => ({
  id,
  ratio: value,
  bare: null,
  min: value,
  max: value,
  low: value,
  high: value,
  unit,
  bar: bar ?? null,
  holds: bar === undefined ? null : holds(value, bar),
});

/** The worst of several values that are what they are each time, where less is better. */
export const worstOf = (
  id: string,
  values: readonly number[],
  { bar, unit, note }: { readonly bar: Bar; readonly unit?: string; readonly note: string },
): Figure => {
  const worst = Math.max(...values);
  return {
    id,
    ratio: worst,
    bare: null,
    min: Math.min(...values),
    max: worst,
    low: worst,
    high: worst,
    ...(unit === undefined ? {} : { unit }),
    bar,
    holds: holds(worst, bar),
    note,
  };
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
