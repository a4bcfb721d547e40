import { problemOf, type Problem } from '@cd-push/protocol';

/** Questions about strangers of one address that the api is being asked. */
const perAddress = 256;

/** Who wants to be let in, through whichever door: of one address only so many at a time are asked about. */
export class Asking {
  readonly #of = new Map<string, number>();

  async ask<Answer extends object>(
    address: string,
    look: () => Promise<Answer>,
  ): Promise<Answer | { readonly problem: Problem }> {
    const asking = this.#of.get(address) ?? 0;
    if (asking >= perAddress) return { problem: problemOf('unavailable', { retryAfter: 1 }) };
    this.#of.set(address, asking + 1);
    try {
      return await look();
    } finally {
      const left = (this.#of.get(address) ?? 1) - 1;
      if (left === 0) this.#of.delete(address);
      else this.#of.set(address, left);
    }
  }
}
