import type { Links, StoredObject, Value, ValueMap } from '@cd-push/timeline';

import type { Draw } from '../draw/draw.ts';
import type { Token } from '../tokens/occurrences.ts';

/** What a timeline says at its tip. */
export interface Content {
  readonly data: ValueMap;
  readonly links: Links;
}

/** What it says instead. */
export interface Change extends Content {
  /** Objects that it refers to and that are new. */
  readonly objects: readonly StoredObject[];
  /** For people. */
  readonly what: string;
  /** Whether it undoes what was done before. */
  readonly isUndo?: boolean;
}

/** What whoever edits can reach. */
export interface Hand {
  readonly draw: Draw;
  /** One that stands nowhere else. */
  readonly token: () => Token;
  /** Text of a blob that is linked to. */
  readonly textOf: (link: Value | undefined) => string | undefined;
  /** What the timeline said at some frame before. */
  readonly earlier: () => Promise<Content | undefined>;
}

/** One way of editing; undefined where the content gives no occasion for it. */
export type ChangeKind = (content: Content, hand: Hand) => Promise<Change | undefined> | Change | undefined;

export const changed = (
  content: Content,
  what: string,
  { data = content.data, links = content.links, objects = [] }: Partial<Omit<Change, 'what'>>,
): Change => ({ data, links, objects, what });

/** The same map with one member replaced, or without it. */
export const withMember = (map: ValueMap, key: string, value: Value | undefined): ValueMap => {
  const { [key]: _before, ...others } = map;
  return value === undefined ? others : { ...others, [key]: value };
};
