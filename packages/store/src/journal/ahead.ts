import { advance, initialized, type AuditEntry, type RecipientId } from '@cd-push/protocol';

import type { Committed, Offer, TrackMove } from '../ports/journal.ts';
import type { RecipientTrack } from '../ports/push.ts';
import type { Statement } from '../statements/statement.ts';
import { askEach, type Work } from '../statements/work.ts';
import type { MergedMoves } from './merge-moves.ts';
import type { StepRow } from './patches.ts';
import { headKey, keyOf, type HeadRow, type TakenOffers, type TipRow } from './take-offers.ts';

/** What came of a group, and what is to be written for it. */
export interface Decision {
  readonly committed: Committed;
  readonly offers: Omit<TakenOffers, 'outcomes'>;
  readonly moves: Omit<MergedMoves, 'overtaken'>;
  /** In the order in which the audit gets them. */
  readonly audit: readonly AuditEntry[];
  /** Where the journal stood before it, and where it stands behind it. */
  readonly before: number;
  readonly position: number;
}

/** How a track stands that was moved. */
export interface MovedTrack extends TrackMove {
  /** Place at which it was moved last. */
  readonly moved: number;
}

/**
 * What was decided and does not stand in the tables yet. What is decided next sees the tables through it. What changes several
 * times before it is written, such as a track on its way, is written once, as it stands.
 */
export class Ahead {
  readonly #appended = new Map<number, Offer>();
  readonly #recipients = new Map<number, ReadonlySet<RecipientId>>();
  readonly #guids = new Set<string>();
  readonly #heads = new Map<string, HeadRow>();
  readonly #steps: StepRow[] = [];
  readonly #tips = new Map<string, TipRow>();
  readonly #moved = new Map<string, MovedTrack>();
  readonly #opened = new Map<number, number>();
  readonly #audit: AuditEntry[] = [];
  #position: number | undefined;
  #before: number | undefined;

  /** Undefined where nothing is ahead of the tables. */
  get position(): number | undefined {
    return this.#position;
  }

  /** Whether the journal's place has moved. */
  get hasMoved(): boolean {
    return this.#position !== this.#before;
  }

  /** How much there is to be written, in rows that it will take at least. */
  get size(): number {
    return this.#steps.length + this.#appended.size + this.#moved.size + this.#audit.length;
  }

  get appended(): ReadonlyMap<number, Offer> {
    return this.#appended;
  }

  get heads(): Iterable<HeadRow> {
    return this.#heads.values();
  }

  get steps(): readonly StepRow[] {
    return this.#steps;
  }

  get tips(): Iterable<TipRow> {
    return this.#tips.values();
  }

  get audit(): readonly AuditEntry[] {
    return this.#audit;
  }

  /** Tracks of pushes that stand in the tables. */
  get movedBefore(): MovedTrack[] {
    return [...this.#moved.values()].filter(({ push }) => !this.#appended.has(push));
  }

  /** By how much the number of open tracks of those pushes changes. */
  get openedBefore(): { readonly push: number; readonly by: number }[] {
    return [...this.#opened]
      .filter(([push, by]) => by !== 0 && !this.#appended.has(push))
      .map(([push, by]) => ({ push, by }));
  }

  add({ offers, moves, audit, committed, before, position }: Decision): void {
    for (const { offset, offer } of offers.appended) {
      this.#appended.set(offset, offer);
      this.#guids.add(keyOf(offer.push.tenant, offer.push.pushGuid));
    }
    for (const head of offers.heads) this.#heads.set(headKey(head, head.resource), head);
    for (const tip of offers.tips) this.#tips.set(keyOf(tip.tenant, tip.timeline), tip);
    this.#steps.push(...offers.steps);
    const moved = committed.offset ?? position;
    for (const move of moves.moved) this.#moved.set(trackKey(move), { ...move, moved });
    for (const { push, by } of moves.opened) this.#opened.set(push, (this.#opened.get(push) ?? 0) + by);
    this.#audit.push(...audit);
    this.#before ??= before;
    this.#position = position;
  }

  knows(tenant: string, guid: string): boolean {
    return this.#guids.has(keyOf(tenant, guid));
  }

  head(place: Pick<HeadRow, 'tenant' | 'environment' | 'resource'>): HeadRow | undefined {
    return this.#heads.get(headKey(place, place.resource));
  }

  tip({ tenant, timeline }: Pick<TipRow, 'tenant' | 'timeline'>): TipRow | undefined {
    return this.#tips.get(keyOf(tenant, timeline));
  }

  moved(push: number, recipient: RecipientId): MovedTrack | undefined {
    return this.#moved.get(trackKey({ push, recipient }));
  }

  /** By how much the number of open tracks of a push has changed. */
  opened(push: number): number {
    return this.#opened.get(push) ?? 0;
  }

  /** How a track stands, if that is not for the tables to say; null where a push that is ahead has no such recipient. */
  track(push: number, recipient: RecipientId): RecipientTrack | null | undefined {
    const moved = this.moved(push, recipient);
    if (moved !== undefined) return moved.track;
    const offer = this.#appended.get(push);
    if (offer === undefined) return undefined;
    let recipients = this.#recipients.get(push);
    if (recipients === undefined) {
      recipients = new Set(offer.push.recipients);
      this.#recipients.set(push, recipients);
    }
    return recipients.has(recipient) ? firstTrack(offer.push) : null;
  }
}

/** Of tables that everything is written to at once. */
export const nothingAhead: Pick<Ahead, 'head'> = new Ahead();

/** Rows as they stand: those that are ahead, and of the others what the tables say. */
export function* askBehind<Key, Row>(
  select: Statement<Key, Row>,
  keys: readonly Key[],
  ahead: (key: Key) => NoInfer<Row> | undefined,
): Work<readonly Row[]> {
  const found: Row[] = [];
  const sought: Key[] = [];
  for (const key of keys) {
    const row = ahead(key);
    if (row === undefined) sought.push(key);
    else found.push(row);
  }
  return [...found, ...(yield* askEach(select, sought))];
}

/** What was accepted is relayed: every track begins there. */
export const firstTrack = ({
  initTime,
  acceptedAt,
}: Pick<Offer['push'], 'initTime' | 'acceptedAt'>): RecipientTrack => ({
  attempt: 1,
  state: advance(initialized(initTime), { type: 'relayed', at: acceptedAt }).state,
});

const trackKey = ({ push, recipient }: Pick<TrackMove, 'push' | 'recipient'>): string =>
  `${push} ${recipient}`;
