import { median, medianInterval } from './median.ts';

/** One of the things compared: runs a round and gives what was measured in it, by name. */
export type Variant = () => Promise<Readonly<Record<string, number>>>;

export interface RoundsOptions {
  readonly fewest: number;
  readonly most: number;
  /** After so many milliseconds it is enough with as many rounds as give a median with extremes, however wide the spread is. */
  readonly withinMs?: number;
  /** The ratios whose spread decides when it is known well enough: pairs of measures. */
  readonly until?: readonly (readonly [measured: string, anchor: string])[];
}

/** Half of the 95 % interval of a ratio, in parts of it, at which its spread counts as known. */
const wellKnown = 0.04;
/** The fewest from which a median with its extremes may be told, where the time is up. */
const fewestAtAll = 3;

/** What came of each variant, round by round; the same index is the same round. */
export class Rounds {
  readonly #measures = new Map<string, number[]>();

  /** Runs variants in turn, beginning with another one each time, until the spread of their ratios is known. */
  static async run(
    variants: readonly Variant[],
    { fewest, most, withinMs = Number.POSITIVE_INFINITY, until = [] }: RoundsOptions,
  ): Promise<Rounds> {
    const rounds = new Rounds();
    const startedAt = performance.now();
    for (let round = 0; round < most; round += 1) {
      const first = round % variants.length;
      for (const variant of [...variants.slice(first), ...variants.slice(0, first)])
        for (const [name, value] of Object.entries(await variant())) rounds.#add(name, value);
      const isKnown = until.every(([measured, anchor]) => rounds.ratio(measured, anchor).spread <= wellKnown);
      const isTimeUp = performance.now() - startedAt >= withinMs && round + 1 >= fewestAtAll;
      if (isTimeUp || (round + 1 >= fewest && isKnown)) break;
    }
    return rounds;
  }

  /** Medians of each variant's rounds with their extremes. */
  summary(): Record<string, { median: number; min: number; max: number; rounds: number }> {
    return Object.fromEntries(
      [...this.#measures].map(([name, values]) => [
        name,
        { median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values.length },
      ]),
    );
  }

  /** What one variant took in parts of another in the same round: the median over all rounds. */
  ratio(measured: string, anchor: string): Ratio {
    const anchors = this.values(anchor);
    const ratios = this.values(measured).map((value, round) => value / (anchors[round] ?? Number.NaN));
    const ratio = median(ratios);
    const { low, high } = medianInterval(ratios);
    return {
      ratio,
      min: Math.min(...ratios),
      max: Math.max(...ratios),
      low,
      high,
      spread: (high - low) / 2 / ratio,
    };
  }

  /** What was measured under a name, round by round. */
  values(name: string): readonly number[] {
    const values = this.#measures.get(name);
    if (values === undefined) throw new RangeError(`Nothing was measured as "${name}".`);
    return values;
  }

  #add(name: string, value: number): void {
    const values = this.#measures.get(name);
    if (values === undefined) this.#measures.set(name, [value]);
    else values.push(value);
  }
}

export interface Ratio {
  readonly ratio: number;
  readonly min: number;
  readonly max: number;
  /** The interval that holds it with 95 % likelihood. */
  readonly low: number;
  readonly high: number;
  /** Half of that interval in parts of the ratio. */
  readonly spread: number;
}
