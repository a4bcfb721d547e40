import { even, Likelihoods, split, type BitCoder, type Likelihood } from './bit-coder.ts';

/**
 * Binary arithmetic coder: each bit narrows an interval in proportion to how likely it was, and a byte is written when the
 * interval’s ends agree on it.
 */
export class BitEncoder implements BitCoder {
  readonly #likelihoods: Likelihoods;
  #bytes = new Uint8Array(256);
  #length = 0;
  #low = 0;
  #high = 0xff_ff_ff_ff;

  constructor(contexts: number) {
    this.#likelihoods = new Likelihoods(contexts);
  }

  /** Bytes that were written so far. */
  get length(): number {
    return this.#length;
  }

  bit(context: number, bit: number): number {
    this.#narrow(this.#likelihoods.of(context), bit);
    this.#likelihoods.learn(context, bit);
    return bit;
  }

  evenBit(bit: number): number {
    this.#narrow(even, bit);
    return bit;
  }

  /** The shortest bytes that stand for it: after them a decoder reads zeros. */
  end(): Uint8Array<ArrayBuffer> {
    const written = this.#length;
    for (let bytes = 1; bytes <= 4; bytes += 1) {
      const unit = 2 ** (32 - 8 * bytes);
      const value = Math.ceil(this.#low / unit) * unit;
      if (value > this.#high) continue;
      for (let shift = 24; shift > 24 - 8 * bytes; shift -= 8) this.#write((value >>> shift) & 0xff);
      break;
    }
    while (this.#length > written && this.#bytes[this.#length - 1] === 0) this.#length -= 1;
    return this.#bytes.slice(0, this.#length);
  }

  #narrow(ones: Likelihood, bit: number): void {
    const middle = split(this.#low, this.#high, ones);
    if (bit === 1) this.#high = middle;
    else this.#low = middle + 1;
    while (((this.#low ^ this.#high) & 0xff_00_00_00) === 0) {
      this.#write(this.#high >>> 24);
      this.#low = (this.#low << 8) >>> 0;
      this.#high = ((this.#high << 8) | 0xff) >>> 0;
    }
  }

  #write(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const bytes = new Uint8Array(this.#bytes.length * 2);
      bytes.set(this.#bytes);
      this.#bytes = bytes;
    }
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }
}
