import type { Address } from '@cd-push/timeline';

import { isJsonList, isJsonMap, type Json, type JsonMap } from '../objects/json.ts';
import type { Pool, PooledFrame } from '../objects/pool.ts';

/**
 * Something that one edit put into a timeline and that stands nowhere else: a word like `e12$3`, or a relation, written
 * `name→address`. What a frame holds is the tokens in it.
 */
export type Token = string;

/**
 * A name in every language that is merged here, so that an edit is a word of the program. Its `$` is a sign of neither base32
 * nor base64: addresses and digests, which are as good as random, never spell one.
 */
export const tokenOf = (edit: number, index: number): Token => `e${edit}$${index}`;
const relationToken = (name: string, address: Address): Token => `${name}→${address}`;

/** A whole one: what two were run together into is neither of them. */
const wordPattern = /(?<![\p{L}\p{N}_$])e\d+\$\d+(?![\p{L}\p{N}_$])/gu;
const conflictKind = 'cd-push/conflict/1';

/** Where the tokens of a frame stand. */
export interface Occurrences {
  /** In what is settled, and how often. */
  readonly settled: ReadonlyMap<Token, number>;
  /** In a side of a conflict that is a single value: replaced whole, or not at all. */
  readonly single: ReadonlySet<Token>;
  /** In a side of a conflict that is a text or a map. */
  readonly wide: ReadonlySet<Token>;
  /** Twice in one and the same text of a side of a conflict. */
  readonly doubled: ReadonlySet<Token>;
  /** Places of conflicts. */
  readonly conflicts: readonly string[];
}

export const occurrencesIn = (
  pool: Pool,
  { data, links }: Pick<PooledFrame, 'data' | 'links'>,
): Occurrences => {
  const settled = new Map<Token, number>();
  const single = new Set<Token>();
  const wide = new Set<Token>();
  const doubled = new Set<Token>();
  const conflicts: string[] = [];

  const goThrough = (value: Json | undefined, place: string): void => {
    if (isConflict(value)) {
      conflicts.push(place);
      for (const side of sidesOf(value)) {
        const into = isSingle(pool, side, place) ? single : wide;
        for (const [token, times] of tokensIn(pool, side, place)) {
          into.add(token);
          if (times > 1) doubled.add(token);
        }
      }
    } else if (isJsonMap(value) && !isLink(value)) {
      for (const [key, member] of Object.entries(value)) {
        for (const word of wordsIn(key)) {
          if (isConflict(member)) wide.add(word);
          else count(settled, word);
        }
        goThrough(member, `${place}/${key}`);
      }
    } else if (value !== undefined) {
      for (const [token, times] of tokensIn(pool, value, place)) count(settled, token, times);
    }
  };

  goThrough(data, '');
  for (const [name, addresses] of Object.entries(links)) {
    for (const address of addresses) count(settled, relationToken(name, address));
  }
  return { settled, single, wide, doubled, conflicts };
};

/** Tokens of a value, whatever stands in it, with how often they stand in one and the same text. */
const tokensIn = (pool: Pool, value: Json, place: string): ReadonlyMap<Token, number> => {
  const found = new Map<Token, number>();
  const add = (tokens: readonly Token[]): void => {
    const times = new Map<Token, number>();
    for (const token of tokens) count(times, token);
    for (const [token, often] of times) found.set(token, Math.max(often, found.get(token) ?? 0));
  };
  const goThrough = (inner: Json, at: string): void => {
    if (typeof inner === 'string') {
      add(wordsIn(inner));
    } else if (isLink(inner)) {
      const text = isBlobLink(pool, inner) ? pool.textOf(inner['/']) : undefined;
      add(text === undefined ? [relationToken(at, inner['/'])] : wordsIn(text));
    } else if (isJsonList(inner)) {
      for (const item of inner) goThrough(item, at);
    } else if (isConflict(inner)) {
      for (const side of sidesOf(inner)) goThrough(side, at);
    } else if (isJsonMap(inner)) {
      for (const [key, member] of Object.entries(inner)) {
        add(wordsIn(key));
        goThrough(member, `${at}/${key}`);
      }
    }
  };
  goThrough(value, place);
  return found;
};

/** The words of edits in a text, as often as they stand there. */
export const wordsIn = (text: string): readonly Token[] => text.match(wordPattern) ?? [];

const count = (counts: Map<Token, number>, token: Token, times = 1): void =>
  void counts.set(token, (counts.get(token) ?? 0) + times);

interface ConflictMap extends JsonMap {
  readonly kind: typeof conflictKind;
}

const isConflict = (value: Json | undefined): value is ConflictMap =>
  isJsonMap(value) && value['kind'] === conflictKind;

const sidesOf = (conflict: JsonMap): readonly Json[] => {
  const { sides } = conflict;
  return isJsonList(sides) ? sides : [];
};

const isLink = (value: Json): value is { readonly '/': Address } =>
  isJsonMap(value) && typeof value['/'] === 'string';

const isBlobLink = (pool: Pool, link: { readonly '/': Address }): boolean =>
  pool.frameOf(link['/']) === undefined;

/** Texts are merged by lines, maps by keys; everything else stands or falls as one. */
const isSingle = (pool: Pool, value: Json, place: string): boolean => {
  if (typeof value === 'string') return !place.endsWith('/text');
  if (isLink(value)) return !isBlobLink(pool, value);
  return !isJsonMap(value) && !isJsonList(value);
};
