import type { Address } from '../objects/address.ts';
import type { ValueMap } from '../objects/value.ts';

export const frameKind = 'cd-push/frame/1';
export const constantKind = 'cd-push/constant/1';

/** Typed relations to other timelines and to constants: by name, each list sorted and without repetition. */
export interface Links {
  readonly [name: string]: readonly Address[];
}

/** How a merge frame came to be, so that a peer that knows algorithm and parsers can make it again. */
export interface MergeFacts {
  /** The common ancestors that it was merged from; more than one where histories crossed. Sorted. */
  readonly base: readonly Address[];
  /** The tip that stays, and the one that was grafted onto it. */
  readonly graftbase: Address;
  readonly graftorphan: Address;
  readonly algorithm: string;
  /** Parsers and their versions that judged finer merges; null where none was asked. */
  readonly syntax: string | null;
}

/** First frame of a timeline. Its address names the timeline. */
export interface GenesisFrame {
  readonly kind: typeof frameKind;
  readonly timeline: null;
  readonly height: 0;
  readonly parents: readonly [];
  readonly data: ValueMap;
  readonly links: Links;
}

/** One state of a timeline after its genesis. It says neither who made it nor when: what is signed beside it does. */
export interface LaterFrame {
  readonly kind: typeof frameKind;
  readonly timeline: Address;
  /** One more than the highest parent's. */
  readonly height: number;
  /** One, or the two of a merge in the order of their addresses. */
  readonly parents: readonly [Address] | readonly [Address, Address];
  readonly data: ValueMap;
  readonly links: Links;
  /** Of a merge alone. */
  readonly merge?: MergeFacts;
}

export type Frame = GenesisFrame | LaterFrame;

/** Something that has no timeline: it is replaced, never changed, and never merged. */
export interface Constant {
  readonly kind: typeof constantKind;
  readonly data: ValueMap;
  readonly links: Links;
}
