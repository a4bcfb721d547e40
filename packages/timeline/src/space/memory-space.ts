import type { Address } from '../objects/address.ts';
import type { Space, SpaceChange, SpaceCommit, Tip } from './space.ts';

/** A space that is gone with its process. */
export class MemorySpace implements Space {
  readonly #objects = new Map<Address, Uint8Array>();
  readonly #tips = new Map<Address, Address>();

  get size(): number {
    return this.#objects.size;
  }

  get(address: Address): Uint8Array | undefined {
    return this.#objects.get(address);
  }

  has(addresses: readonly Address[]): ReadonlySet<Address> {
    return new Set(addresses.filter((address) => this.#objects.has(address)));
  }

  tip(timeline: Address): Address | undefined {
    return this.#tips.get(timeline);
  }

  tips(after: Address | undefined, limit: number): readonly Tip[] {
    return [...this.#tips]
      .filter(([timeline]) => after === undefined || timeline > after)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .slice(0, limit)
      .map(([timeline, tip]) => ({ timeline, tip }));
  }

  commit({ objects, swaps }: SpaceChange): SpaceCommit {
    const moved = swaps.filter(({ timeline, from }) => this.#tips.get(timeline) !== from);
    if (moved.length > 0) {
      return {
        outcome: 'moved',
        tips: moved.map(({ timeline }) => ({ timeline, tip: this.#tips.get(timeline) })),
      };
    }
    for (const { address, bytes } of objects) this.#objects.set(address, bytes);
    for (const { timeline, to } of swaps) this.#tips.set(timeline, to);
    return { outcome: 'committed' };
  }
}
