import { even, Likelihoods, split, type BitCoder, type Likelihood } from './bit-coder.ts';

/** Bytes that are looked at ahead; an encoder leaves out those at the end that are zero. */
const ahead = 4;

/** What a `BitEncoder` has written. Every sequence of bytes stands for something, so nothing here fails. */
export class BitDecoder implements BitCoder {
  readonly #likelihoods: Likelihoods;
  readonly #bytes: Uint8Array;
  #position = 0;
  #low = 0;
  #high = 0xff_ff_ff_ff;
  #value = 0;

  constructor(contexts: number, bytes: Uint8Array) {
    this.#likelihoods = new Likelihoods(contexts);
    this.#bytes = bytes;
    for (let count = 0; count < ahead; count += 1) this.#shift();
  }

  /** Whether more was asked for than was written. */
  get isPastEnd(): boolean {
    return this.#position > this.#bytes.length + ahead;
  }

  bit(context: number): number {
    const bit = this.#narrow(this.#likelihoods.of(context));
    this.#likelihoods.learn(context, bit);
    return bit;
  }

  evenBit(): number {
    return this.#narrow(even);
  }

  #narrow(ones: Likelihood): number {
    const middle = split(this.#low, this.#high, ones);
    const bit = this.#value <= middle ? 1 : 0;
    if (bit === 1) this.#high = middle;
    else this.#low = middle + 1;
    while (((this.#low ^ this.#high) & 0xff_00_00_00) === 0) {
      this.#low = (this.#low << 8) >>> 0;
      this.#high = ((this.#high << 8) | 0xff) >>> 0;
      this.#shift();
    }
    return bit;
  }

  #shift(): void {
    this.#value = ((this.#value << 8) | (this.#bytes[this.#position] ?? 0)) >>> 0;
    this.#position += 1;
  }
}
