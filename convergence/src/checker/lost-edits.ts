import type { Address } from '@cd-push/timeline';

import type { Edit } from '../ledger/edit.ts';
import { hasSeen } from '../ledger/edit.ts';
import type { Ledger, TokenRecord } from '../ledger/ledger.ts';
import { addressIn, shortOf, type Pool } from '../objects/pool.ts';
import type { Occurrences, Token } from '../tokens/occurrences.ts';
import type { Finding } from './finding.ts';

/**
 * What happened to the edits of a timeline by its last frame. A token has to be there as long as an edit that put it in was not
 * followed by one that saw it and took it away; where all were, it must not have come back.
 */
export const lostEdits = (
  ledger: Ledger,
  pool: Pool,
  timeline: Address,
  tip: Address,
): readonly Finding[] => {
  const findings: Finding[] = [];
  const lost = (what: string): void =>
    void findings.push({ count: 'lostEdits', what: `${pool.nameOf(timeline)}: ${what}` });

  const held = ledger.heldBy(tip);
  for (const edit of ledger.editsOf(timeline)) {
    if (!hasSeen(held, edit.id)) lost(`${nameOf(edit)} is no ancestor of the tip ${shortOf(tip)}`);
  }

  const occurrences = ledger.occurrencesOf(tip);
  const records = ledger.recordsOf(timeline);
  const isUndone = ledger.editsOf(timeline).some(({ isUndo }) => isUndo);
  for (const [token, record] of records) {
    const fault = tokenFault(token, followed(token, record, records, pool), occurrences, pool, isUndone);
    if (fault !== undefined) lost(fault);
  }
  for (const token of [...occurrences.settled.keys(), ...occurrences.single, ...occurrences.wide]) {
    if (!records.has(token) && !isMergedEntry(token, pool))
      lost(`${token} stands there, and nobody has put it in`);
  }
  for (const token of occurrences.doubled)
    lost(`${token} stands twice in a text that is a side of a conflict`);
  for (const { edit, token } of ledger.overreaching) {
    if (edit.timeline === timeline) lost(`${nameOf(edit)} has taken away ${token} as well`);
  }
  return findings;
};

const tokenFault = (
  token: Token,
  { adds, removes }: TokenRecord,
  { settled, single, wide }: Occurrences,
  pool: Pool,
  isUndone: boolean,
): string | undefined => {
  const live = adds.filter(({ id }) => !removes.some(({ saw }) => hasSeen(saw, id)));
  const times = settled.get(token) ?? 0;
  if (live.length === 0) {
    // A text or a map that is a side of a conflict stands there as its author left it, old parts included.
    if (times === 0 && !single.has(token)) return undefined;
    // One took it away from where one had put it in, one from where another had: nobody has said that it shall be nowhere.
    if (!removes.every(({ saw }) => adds.every(({ id }) => hasSeen(saw, id)))) return undefined;
    // Who undoes says what was said before, and that looks like having chosen one side of a conflict, or like having done nothing.
    if (times === 0 && isUndone) return undefined;
    const where = times === 0 ? 'a side of a conflict' : 'place';
    return `${token}, put in by ${namesOf(adds)} and taken away by ${namesOf(removes)}, is back in ${where}`;
  }
  // Put in anew by somebody who had not seen it being taken away elsewhere: both outcomes are as it was meant.
  const isCertain = live.some(({ saw }) => removes.every(({ id }) => hasSeen(saw, id)));
  if (
    isCertain &&
    times === 0 &&
    !single.has(token) &&
    !wide.has(token) &&
    !isFollowed(token, [...settled.keys(), ...single], pool)
  ) {
    return `${token}, put in by ${namesOf(adds)}, is gone`;
  }
  return times > 1 ? `${token}, put in by ${namesOf(adds)}, stands there ${times} times` : undefined;
};

/** A link to a frame may have moved on to a frame that follows from it. */
const isFollowed = (token: Token, others: Iterable<Token>, pool: Pool): boolean => {
  const [place, address] = relationIn(token);
  if (address === undefined) return false;
  for (const other of others) {
    const [otherPlace, later] = relationIn(other);
    if (otherPlace === place && later !== undefined && pool.isAncestor(address, later)) return true;
  }
  return false;
};

/** Whoever takes away a link that has moved on has taken away what it was before. */
const followed = (
  token: Token,
  record: TokenRecord,
  records: ReadonlyMap<Token, TokenRecord>,
  pool: Pool,
): TokenRecord => {
  if (!token.includes('→')) return record;
  const removes = [...records].flatMap(([other, { removes: ofOther }]) =>
    ofOther.length > 0 && isFollowed(token, [other], pool) ? ofOther : [],
  );
  return { adds: record.adds, removes };
};

/** Two links to frames of one timeline may be merged into a link to the frame in which they come together. */
const isMergedEntry = (token: Token, pool: Pool): boolean => {
  const [, address] = relationIn(token);
  return address !== undefined && pool.frameOf(address)?.parents.length === 2;
};

const relationIn = (token: Token): readonly [place: string, address: Address | undefined] => {
  const [place = '', address] = token.split('→');
  return [place, address === undefined ? undefined : addressIn(address)];
};

const nameOf = ({ id, replica, what }: Edit): string => `edit ${id} of ${replica} (${what})`;
const namesOf = (edits: readonly Edit[]): string => edits.map(nameOf).join(', ');
