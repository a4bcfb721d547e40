import type { AuditEntry, Policy, RecipientId } from '@cd-push/protocol';
import type { Committed, Departure, Group, Offer, Presence, RecipientTrack, Taken } from '@cd-push/store';

import type { TrackedPush } from './tracked-push.ts';

/** One recipient's track that was moved and is to be written. */
export interface PendingMove {
  readonly push: TrackedPush;
  readonly recipient: RecipientId;
  readonly track: RecipientTrack;
}

/** By which it is known what came in before what. */
interface Ordered {
  readonly order: number;
}

/** What is written though nobody waits for it: tried again until it is. */
type KeptThing = (
  | { readonly kind: 'move'; readonly move: PendingMove }
  | { readonly kind: 'departed'; readonly departure: Departure }
  | { readonly kind: 'gone'; readonly gone: Group['gone'][number] }
  | { readonly kind: 'audit'; readonly entry: AuditEntry }
) & {
  /** How often it was refused by itself while other things were written. */
  refusals: number;
  /** How much had been written when it was refused last. */
  refusedAt: number;
};

/** What somebody waits for, and is told if it cannot be written. */
type Asked = (
  | { readonly kind: 'offer'; readonly offer: Offer; readonly resolve: (taken: Taken) => void }
  | { readonly kind: 'presence'; readonly presence: Presence; readonly resolve: () => void }
  | {
      readonly kind: 'policy';
      readonly tenant: string;
      readonly policy: Policy;
      readonly audit: AuditEntry;
      readonly resolve: () => void;
    }
  | { readonly kind: 'mark'; readonly resolve: () => void }
) & { readonly reject: (error: unknown) => void };

export type Kept = KeptThing & Ordered;

export type Item = (Asked & Ordered) | Kept;

/** As it is handed in. */
export type Handed = Asked | KeptThing;

export const isKept = (item: Item): item is Kept => !('reject' in item);

/** A kept thing as it comes in. */
export const untried = { refusals: 0, refusedAt: 0 };

/** An envelope and what belongs to it, besides contents. */
const perOffer = 8 * 1024;

/** About the bytes that an offer holds until it is written, with what it brings to its timelines. */
export const weightOf = ({ push, history }: Offer): number =>
  (history?.objects ?? []).reduce(
    (sum, { bytes }) => sum + bytes.length,
    push.contents.reduce((sum, { body }) => sum + body.length, perOffer),
  );

export const movesOf = (items: readonly Item[]): PendingMove[] =>
  items.flatMap((item) => (item.kind === 'move' ? [item.move] : []));

/**
 * Items as they are written together; of each track the last move alone.
 *
 * @param audit rows that go with the moves.
 */
export const groupOf = (items: readonly Item[], audit: readonly AuditEntry[]): Group => {
  const last = new Map<string, PendingMove>();
  for (const move of movesOf(items)) last.set(`${move.push.offset} ${move.recipient}`, move);
  return {
    offers: items.flatMap((item) => (item.kind === 'offer' ? [item.offer] : [])),
    moves: [...last.values()].map(({ push, recipient, track }) => ({ push: push.offset, recipient, track })),
    ...placesOf(items),
    policies: items.flatMap((item) =>
      item.kind === 'policy' ? [{ tenant: item.tenant, policy: item.policy }] : [],
    ),
    audit: [
      ...audit,
      ...items.flatMap((item) => {
        if (item.kind === 'audit') return [item.entry];
        return item.kind === 'policy' ? [item.audit] : [];
      }),
    ],
  };
};

/** Where instances are in the end: of what came in before one was connected nothing is said. */
const placesOf = (items: readonly Item[]): Pick<Group, 'presence' | 'departed' | 'gone'> => {
  const connected = connectionsIn(items);
  const absences = items.filter((item) => !isOvertaken(item, connected));
  return {
    presence: absences.flatMap((item) => (item.kind === 'presence' ? [item.presence] : [])),
    departed: absences.flatMap((item) => (item.kind === 'departed' ? [item.departure] : [])),
    gone: absences.flatMap((item) => (item.kind === 'gone' ? [item.gone] : [])),
  };
};

/** By instance, when it was connected last, as the items say. */
export const connectionsIn = (items: readonly Item[]): ReadonlyMap<string, number> => {
  const connected = new Map<string, number>();
  for (const item of items)
    if (item.kind === 'presence') connected.set(instanceOf(item.presence), item.order);
  return connected;
};

/** Whether an item says that an instance is away which was connected after that. */
export const isOvertaken = (item: Item, connected: ReadonlyMap<string, number>): boolean =>
  (item.kind === 'departed' && item.order < (connected.get(instanceOf(item.departure)) ?? 0)) ||
  (item.kind === 'gone' && item.order < (connected.get(instanceOf(item.gone)) ?? 0));

/** Tenant names hold no space. */
const instanceOf = ({ tenant, recipient }: Pick<Presence, 'tenant' | 'recipient'>): string =>
  `${tenant} ${recipient}`;

/**
 * Tells whoever waits for one of the items what came of it.
 *
 * @param isBehind whether something that came in before an item is not written.
 */
export const tell = (
  items: readonly Item[],
  { offers }: Committed,
  isBehind: (item: Item) => boolean,
): void => {
  let index = 0;
  for (const item of items) {
    switch (item.kind) {
      case 'offer': {
        const taken = offers[index];
        index += 1;
        if (taken === undefined) item.reject(new Error('The journal did not say what became of a push.'));
        else item.resolve(taken);
        break;
      }
      case 'presence':
      case 'policy':
        item.resolve();
        break;
      case 'mark':
        if (isBehind(item)) item.reject(new Error('What came in before is not written yet.'));
        else item.resolve();
        break;
      case 'move':
      case 'departed':
      case 'gone':
      case 'audit':
        break;
      default:
        item satisfies never;
    }
  }
};

/**
 * What each waiting is for by itself, and the rest in two halves. What says that an instance is away goes with the
 * connection that it came before: it counts if that cannot be written.
 */
export const partsOf = (items: readonly Item[]): Item[][] => {
  const parts: Item[][] = [];
  let kept = items.filter(isKept);
  for (const item of items) {
    if (isKept(item)) continue;
    const connected = connectionsIn([item]);
    parts.push([...kept.filter((one) => isOvertaken(one, connected)), item]);
    if (connected.size > 0) kept = kept.filter((one) => !isOvertaken(one, connected));
  }
  const halves = parts.length > 0 ? [kept] : [kept.slice(0, kept.length / 2), kept.slice(kept.length / 2)];
  return [...parts, ...halves].filter((part) => part.length > 0);
};
