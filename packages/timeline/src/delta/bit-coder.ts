/**
 * One decision after the other, each in a context. Encoder and decoder go through the same grammar: the encoder is told what
 * each bit is and gives it back, the decoder gives what was told.
 */
export interface BitCoder {
  /** A bit of which the context says how likely it is, and which learns from it. */
  bit(context: number, bit: number): number;
  /** A bit that is as likely 1 as 0. */
  evenBit(bit: number): number;
}

/** That a bit is 1, in parts of {@link certainty}. */
export type Likelihood = number;

const certainty = 65_536;
export const even: Likelihood = certainty / 2;
/** No bit is ever taken to be certain: what was never seen has to be said too. */
const least = 64;
const most = certainty - least;
/** The first bits of a context say much, later ones less: each moves it by one part of as many as were seen, up to this. */
const memory = 60;
/** How little the very first bit says. */
const caution = 2.5;

/** How likely the next bit of each context is 1. Both sides learn the same: whole numbers, and divisions as IEEE 754 rounds them. */
export class Likelihoods {
  readonly #ones: Uint16Array;
  readonly #seen: Uint8Array;

  constructor(contexts: number) {
    this.#ones = new Uint16Array(contexts).fill(even);
    this.#seen = new Uint8Array(contexts);
  }

  of(context: number): Likelihood {
    return this.#ones[context] ?? even;
  }

  learn(context: number, bit: number): void {
    const ones = this.of(context);
    const seen = this.#seen[context] ?? 0;
    const moved = ones + Math.trunc(((bit === 1 ? certainty - 1 : 0) - ones) / (seen + caution));
    this.#ones[context] = Math.min(Math.max(moved, least), most);
    if (seen < memory) this.#seen[context] = seen + 1;
  }
}

/** The last value of the part of an interval that stands for 1. Both parts hold something, however small the interval is. */
export const split = (low: number, high: number, ones: Likelihood): number => {
  const range = high - low;
  // In two halves, because a product of 48 bits is more than the shift takes.
  return low + (range >>> 16) * ones + (((range & 0xff_ff) * ones) >>> 16);
};
