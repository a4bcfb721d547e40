import type { Awaitable } from '../crypto/port.ts';
import type { Address } from '../objects/address.ts';

/** An object as it is kept and as it travels: the bytes that its address names. */
export interface StoredObject {
  readonly address: Address;
  readonly bytes: Uint8Array;
}

/** A timeline's tip as it shall be from now on, if it is `from` until then. */
export interface TipSwap {
  /** Address of the genesis frame. */
  readonly timeline: Address;
  /** Undefined where the timeline is new here. */
  readonly from: Address | undefined;
  readonly to: Address;
}

export interface Tip {
  readonly timeline: Address;
  readonly tip: Address;
}

/** What is put into a space at once: objects first, then the tips that name them. */
export interface SpaceChange {
  readonly objects: readonly StoredObject[];
  readonly swaps: readonly TipSwap[];
}

/** `moved`: at least one tip was another one than its swap says, and nothing of the change was kept. */
export type SpaceCommit =
  | { readonly outcome: 'committed' }
  | {
      readonly outcome: 'moved';
      readonly tips: readonly { readonly timeline: Address; readonly tip: Address | undefined }[];
    };

/**
 * Where objects and tips are kept: of one tenant, of one developer's folder, of one page. What is put here was verified
 * before ({@link receive}); a space checks nothing but that tips are as they were expected. It rejects where it cannot
 * tell, and then nothing of a change was kept, or all of it.
 */
export interface Space {
  /** The very bytes that were put. */
  get(address: Address): Awaitable<Uint8Array | undefined>;
  /** Those of the addresses that are here. */
  has(addresses: readonly Address[]): Awaitable<ReadonlySet<Address>>;
  tip(timeline: Address): Awaitable<Address | undefined>;
  /** Tips in the order of their timelines' addresses, at most `limit`, of timelines after this one. */
  tips(after: Address | undefined, limit: number): Awaitable<readonly Tip[]>;
  /** All of it or nothing, also where others commit at the same time. Putting what is there already is no change. */
  commit(change: SpaceChange): Awaitable<SpaceCommit>;
}
