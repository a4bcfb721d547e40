import type { Address } from '@cd-push/timeline';

import type { Pool } from '../objects/pool.ts';
import { occurrencesIn, type Occurrences, type Token } from '../tokens/occurrences.ts';
import { bitOf, hasSeen, type Edit } from './edit.ts';

/** What was ever done with a token. */
export interface TokenRecord {
  readonly adds: readonly Edit[];
  readonly removes: readonly Edit[];
}

/** A change that is about to be committed. */
export interface PlannedEdit {
  readonly replica: string;
  readonly timeline: Address;
  readonly frame: Address;
  /** The frame on which it was made. */
  readonly parent: Address;
  readonly what: string;
  readonly isUndo: boolean;
  /** Names of the relations that it may touch; undefined where it may touch any. */
  readonly only?: readonly string[] | undefined;
}

interface MutableRecord {
  readonly adds: Edit[];
  readonly removes: Edit[];
}

/**
 * Every edit that was committed, what each put in and took away, and what it had seen. That is all that the end of a history is
 * held against: it follows from the edits and the parents of frames, and not from how anything was merged.
 */
export class Ledger {
  readonly #pool: Pool;
  readonly edits: Edit[] = [];
  /** The edit that made a frame. */
  readonly #makers = new Map<Address, Edit>();
  readonly #held = new Map<Address, bigint>();
  readonly #occurrences = new Map<Address, Occurrences>();
  readonly #records = new Map<Address, Map<Token, MutableRecord>>();
  /** Edits that took away what was none of their business. */
  readonly overreaching: { readonly edit: Edit; readonly token: Token }[] = [];

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Notes what was committed. The same frame made twice, by two who saw the same and did the same, is one edit. */
  note({ replica, timeline, frame, parent, what, isUndo, only }: PlannedEdit): void {
    if (this.#makers.has(frame)) return;
    const edit: Edit = {
      id: this.edits.length,
      replica,
      timeline,
      frame,
      saw: this.heldBy(parent),
      ...differences(this.occurrencesOf(parent), this.occurrencesOf(frame)),
      isUndo,
      what,
    };
    this.edits.push(edit);
    this.#makers.set(frame, edit);
    for (const token of edit.removes) {
      const isItsBusiness = only === undefined || only.some((name) => token.startsWith(`${name}→`));
      if (!isItsBusiness) this.overreaching.push({ edit, token });
    }
    for (const token of edit.adds) this.#recordOf(timeline, token).adds.push(edit);
    for (const token of edit.removes) this.#recordOf(timeline, token).removes.push(edit);
  }

  /** The edits that a frame and its ancestors made, as bits. */
  heldBy(frame: Address): bigint {
    const known = this.#held.get(frame);
    if (known !== undefined) return known;
    const maker = this.#makers.get(frame);
    const parents = this.#pool.frameOf(frame)?.parents ?? [];
    const held = parents.reduce(
      (all, parent) => all | this.heldBy(parent),
      maker === undefined ? 0n : bitOf(maker.id),
    );
    this.#held.set(frame, held);
    return held;
  }

  occurrencesOf(frame: Address): Occurrences {
    const known = this.#occurrences.get(frame);
    if (known !== undefined) return known;
    const read = this.#pool.frameOf(frame);
    if (read === undefined) throw new TypeError(`${frame} is no frame that anybody has committed.`);
    const occurrences = occurrencesIn(this.#pool, read);
    this.#occurrences.set(frame, occurrences);
    return occurrences;
  }

  recordsOf(timeline: Address): ReadonlyMap<Token, TokenRecord> {
    return this.#records.get(timeline) ?? new Map();
  }

  editsOf(timeline: Address): readonly Edit[] {
    return this.edits.filter((edit) => edit.timeline === timeline);
  }

  timelines(): readonly Address[] {
    return [...new Set(this.edits.map(({ timeline }) => timeline))];
  }

  /** Pairs of edits of one timeline of which neither had seen the other. */
  concurrentPairs(): number {
    let pairs = 0;
    for (const one of this.edits) {
      for (const other of this.edits.slice(one.id + 1)) {
        if (other.timeline === one.timeline && !hasSeen(other.saw, one.id)) pairs += 1;
      }
    }
    return pairs;
  }

  #recordOf(timeline: Address, token: Token): MutableRecord {
    const records = this.#records.get(timeline) ?? new Map<Token, MutableRecord>();
    this.#records.set(timeline, records);
    const record = records.get(token) ?? { adds: [], removes: [] };
    records.set(token, record);
    return record;
  }
}

/**
 * What an edit put in and took away. Whoever settles a conflict takes away what stood in a side and is not left, and puts in
 * what is: before, it was not certain.
 */
const differences = (
  before: Occurrences,
  after: Occurrences,
): { readonly adds: readonly Token[]; readonly removes: readonly Token[] } => {
  const was = certainties(before);
  const is = certainties(after);
  return {
    adds: [...is].filter(([token, certainty]) => certainty > (was.get(token) ?? 0)).map(([token]) => token),
    removes: [...was.keys()].filter((token) => !is.has(token)),
  };
};

/** How certain it is that a token shall stand there. */
const certainties = ({ settled, single, wide }: Occurrences): ReadonlyMap<Token, number> => {
  const found = new Map<Token, number>();
  for (const token of wide) found.set(token, 1);
  for (const token of single) found.set(token, 2);
  for (const token of settled.keys()) found.set(token, 3);
  return found;
};
