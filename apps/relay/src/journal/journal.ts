import type { EpochMs, PatchHead, RecipientId } from '@cd-push/protocol';

import type { AcceptedPush, RecipientTrack, TrackedPush } from './tracked-push.ts';

/** Where one history of heads runs: versions of different tenants or environments never meet. */
export interface Place {
  readonly tenant: string;
  readonly environment: string;
}

/** The version of a resource that is in place, and the push that brought it. */
export interface ResourceHead {
  readonly resource: string;
  readonly version: number;
  /** Null where the resource was deleted, or renamed away. */
  readonly digest: string | null;
  readonly push: TrackedPush;
  /** Text in place, from which a delta can be made; undefined for bytes and deletions. */
  readonly text: string | undefined;
}

/** One step of a resource's history without its content: what a receiver needs that skipped it. */
export interface HistoryStep {
  readonly version: number;
  readonly digest: string | null;
  readonly predecessor: string | null;
  readonly order: number;
  readonly session: string;
  readonly statement: string;
  readonly certificate: string;
}

/** A patch does not fit the head that is in place. */
export interface Misfit {
  readonly index: number;
  readonly patch: PatchHead;
  readonly current: { readonly version: number; readonly digest: string | null };
}

export type Appended =
  | {
      readonly outcome: 'appended';
      readonly push: TrackedPush;
      /** Open pushes none of whose patches is a head any more: nobody will be sent them again. */
      readonly overtaken: readonly TrackedPush[];
    }
  /** The guid is there already. */
  | { readonly outcome: 'repeated'; readonly push: TrackedPush }
  /** Another push was accepted first. */
  | { readonly outcome: 'misfit'; readonly misfit: Misfit };

/** Nothing more can be held; the message says of whom, and what ends it is that pushes are settled or overtaken. */
export class JournalFull extends Error {
  override readonly name = 'JournalFull';
}

/**
 * What the relay has promised: accepted pushes, how far each has come at whom, and the heads that follow from them.
 * What an adapter must hold to is in test/journal-contract.ts. A promise that rejects means that nothing was stored;
 * the line answers `journal-unavailable`, with the words of a {@link JournalFull}.
 */
export interface Journal {
  /** Resolves once the push is as durable as this journal can make it; heads and guid are checked in the same step. */
  append(push: AcceptedPush): Promise<Appended>;
  find(tenant: string, pushGuid: string): Promise<TrackedPush | undefined>;
  /** Whether the patches would fit the heads now, as {@link append} will ask again. */
  misfit(place: Place, patches: readonly PatchHead[]): Promise<Misfit | undefined>;
  /** Takes down that a track was moved; may be written a moment later, since an acknowledgement can be had again. */
  record(push: TrackedPush, recipient: RecipientId, track: RecipientTrack): void;

  head(place: Place, resource: string): Promise<ResourceHead | undefined>;
  /** Heads of one module, in the order in which their pushes were accepted. */
  headsOf(place: Place, module: string): Promise<ResourceHead[]>;
  /** Steps of a resource before its head, oldest first; the oldest of all are forgotten within the journal's bounds. */
  history(place: Place, resource: string): Promise<readonly HistoryStep[]>;

  /** Pushes that are still open for a recipient (or for its credential as a whole), oldest first. */
  openFor(tenant: string, recipient: RecipientId): Promise<TrackedPush[]>;
  /** Open pushes whose time to deliver has passed. */
  overdue(at: EpochMs): Promise<TrackedPush[]>;
  /** Forgets what nobody can ask for any more, within the journal's bounds. */
  tidy(at: EpochMs): void;
  close(): Promise<void>;
}
