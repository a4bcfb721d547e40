import type { Address } from '../objects/address.ts';

/** What is synchronised, by names. */
export interface Names {
  readonly timelines: readonly Address[];
  readonly constants: readonly Address[];
}

/** Names that are kept in all, of lists that are no longer than this; some megabytes. */
const namesAtMost = 100_000;

/**
 * Lists of names by the addresses of their selections, of those who may write nothing here: in memory, the latest ones. One for
 * a space, as long as that is used.
 */
export class Selections {
  readonly #lists = new Map<Address, Names>();
  #names = 0;

  get(address: Address): Names | undefined {
    return this.#lists.get(address);
  }

  put(address: Address, names: Names): void {
    this.#take(address);
    this.#lists.set(address, names);
    this.#names += sizeOf(names);
    for (const oldest of this.#lists.keys()) {
      if (this.#names <= namesAtMost) break;
      this.#take(oldest);
    }
  }

  #take(address: Address): void {
    const names = this.#lists.get(address);
    if (names === undefined) return;
    this.#lists.delete(address);
    this.#names -= sizeOf(names);
  }
}

const sizeOf = ({ timelines, constants }: Names): number => timelines.length + constants.length;
