import type { AuditEntry, EpochMs, Policy, RecipientId, RuntimeHello } from '@cd-push/protocol';

import type { Space, SpaceChange } from '@cd-push/timeline';

import type { AuditLog } from './audit-log.ts';
import type { EditBook, KeptEdit } from './edits.ts';
import type { ProposalBook } from './proposals.ts';
import type {
  AcceptedPush,
  Content,
  HistoryStep,
  ListedPush,
  Misfit,
  Place,
  RecipientTrack,
  ResourceChange,
  ResourceHead,
  StoredPush,
  StoredVersion,
} from './push.ts';

/** A recipient's track as it shall stand from now on. */
export interface TrackMove {
  /** Offset of the push. */
  readonly push: number;
  readonly recipient: RecipientId;
  readonly track: RecipientTrack;
}

/** Who is connected to which node. */
export interface Presence {
  readonly tenant: string;
  readonly recipient: RecipientId;
  /** Of the relay process; null where it is connected to none and may still come back. */
  readonly node: string | null;
  readonly kind: RuntimeHello['kind'];
  readonly since: EpochMs;
}

/** One that is over says nothing any more: it is left for who follows the journal, and let go of in time. */
export interface WrittenPolicy extends Policy {
  readonly isOver?: true;
}

/** A connection has ended; takes effect only where the recipient is still said to be connected to that node. */
export interface Departure {
  readonly tenant: string;
  readonly recipient: RecipientId;
  readonly node: string;
  readonly at: EpochMs;
}

/**
 * A push that is offered, with the row that the audit gets if it is taken. A push that was taken is relayed to every
 * recipient: each track begins as attempt 1, `relayed` at `acceptedAt`, without a move of its own.
 */
export interface Offer {
  readonly push: AcceptedPush;
  /**
   * Objects and tips of the tenant's timelines that are written with the push, if it is taken. A tip that is another one
   * by then makes the offer a misfit: of the first patch whose frame is of that timeline. A blob that they refer to and
   * that is the content of a patch need not be among them.
   */
  readonly history?: SpaceChange | undefined;
  readonly audit: AuditEntry;
}

/**
 * What is written in one commit: all of it or nothing. The members take effect in the order in which they stand here,
 * and the pushes among them in theirs.
 */
export interface Group {
  readonly offers: readonly Offer[];
  readonly moves: readonly TrackMove[];
  readonly presence: readonly Presence[];
  readonly departed: readonly Departure[];
  /** Recipients that nobody waits for any more; one that is connected by now stays. */
  readonly gone: readonly { readonly tenant: string; readonly recipient: RecipientId }[];
  readonly policies: readonly { readonly tenant: string; readonly policy: WrittenPolicy }[];
  readonly audit: readonly AuditEntry[];
}

export type Taken =
  | { readonly outcome: 'appended'; readonly offset: number }
  /** The guid is there already. */
  | { readonly outcome: 'repeated' }
  /** Another push was accepted first. */
  | { readonly outcome: 'misfit'; readonly misfit: Misfit };

export interface Committed {
  /** One for each offer. */
  readonly offers: readonly Taken[];
  /**
   * Place of everything in the group besides its pushes, which have their own before it; undefined where nothing besides
   * them took a place: there was nothing else, rows of the audit alone, or moves that were all overtaken.
   */
  readonly offset: number | undefined;
  /**
   * Moves that were not made, because what stands is as far or further: a later attempt, or the same at that stage or
   * later, or at an end. Each with what stands. A later attempt always counts, and opens again what was settled.
   */
  readonly overtaken: readonly TrackMove[];
}

/** What was written at places of the journal after another. Whatever was changed twice is told once, as it stands. */
export interface Written {
  readonly pushes: readonly StoredPush[];
  readonly moves: readonly (TrackMove & { readonly offset: number })[];
  readonly presence: readonly Presence[];
  readonly gone: readonly { readonly tenant: string; readonly recipient: RecipientId }[];
  readonly policies: readonly { readonly tenant: string; readonly policy: WrittenPolicy }[];
  /** Edits that were made or settled. */
  readonly edits: readonly KeptEdit[];
  /** Everything up to here is told. */
  readonly offset: number;
}

/** The same without tracks, for whoever is shown a part of it alone. */
export interface WrittenFacts extends Pick<Written, 'moves' | 'offset'> {
  readonly pushes: readonly ListedPush[];
}

/** Which pushes are asked for; each member that is given narrows them. */
export interface PushQuery {
  readonly tenant: string;
  readonly environment?: string | undefined;
  /** Of resources under this prefix, in whole segments. */
  readonly prefix?: string | undefined;
  /** To this recipient, or to any instance of this credential. */
  readonly recipient?: string | undefined;
  readonly sender?: string | undefined;
  /** Whether some recipient may still move. */
  readonly open?: boolean | undefined;
  /** Only before this offset. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface ListedPage {
  readonly pushes: readonly ListedPush[];
  /** Before which offset to go on; undefined where nothing is left. */
  readonly next: number | undefined;
  /** How many pushes were looked at for it, at least. */
  readonly looked: number;
}

/** Who brought a content before the push that names it, and when. */
export interface Upload {
  readonly subject: string;
  readonly at: EpochMs;
}

/** What is let go of; nothing that is owed, in place, or still open, however old it is. */
export interface Retention {
  /**
   * Pushes that were accepted before this, with their contents, if none of their versions was still in place then. Of
   * those of files the signed statements stay.
   */
  readonly pushesBefore: EpochMs;
  /** How many versions of each resource stay before the one in place, however old they are: what it can be taken back to. */
  readonly versions: number;
  /** Signed statements of earlier versions from before this, but for the latest thousand of each resource. */
  readonly statementsBefore: EpochMs;
  /** Audit rows from before this. */
  readonly auditBefore: EpochMs;
  /** Edits that were made before this, and proposals whose time was over before this, whatever became of them. */
  readonly editsBefore: EpochMs;
  /**
   * Uploads from before this, and contents that neither a push nor an upload has named since before this: who has just
   * seen that one is stored may still push upon it.
   */
  readonly contentsBefore: EpochMs;
}

/**
 * What relays have promised: accepted pushes, how far each has come at whom, the heads that follow from them, and what it
 * takes to keep the promise. A promise that rejects means that nothing was written, but for a commit that was under way when
 * the journal was closed or the process ended; offering that again is safe.
 */
export interface JournalStore {
  /** Names this journal; another one where it does not go on from where it was. Offsets are places in one epoch. */
  readonly epoch: string;
  /** Whether other processes write here too; what they write is read by {@link written}. */
  readonly isShared: boolean;
  readonly audit: AuditLog;
  readonly edits: EditBook;
  readonly proposals: ProposalBook;

  /**
   * Resolves once the group would survive the end of this process, and, where it brings pushes, policies or
   * further attempts, the loss of power too: what a recipient said can be had from it again. Offsets rise by one in the order of the commits, over all processes.
   */
  commit(group: Group): Promise<Committed>;
  /** Offset of what was written last, 0 for none. */
  offset(): Promise<number>;
  /**
   * Up to here something may be missing of what was written, because it was let go of: who stands before it is not told
   * everything by {@link written}.
   */
  prunedTo(): Promise<number>;
  /** What was written after an offset, at most about `limit` rows of it: up to the `offset` of the answer nothing is left out. */
  written(after: number, limit: number): Promise<Written>;
  /** The same, of which no tracks are read but those that moved. */
  writtenFacts(after: number, limit: number): Promise<WrittenFacts>;

  find(tenant: string, pushGuid: string): Promise<StoredPush | undefined>;
  /** Those of the offsets that are pushes, in ascending order. */
  at(offsets: readonly number[]): Promise<StoredPush[]>;
  /** The same without tracks. */
  factsAt(offsets: readonly number[]): Promise<ListedPush[]>;
  /** What recipients get, without contents. */
  envelope(offset: number): Promise<AcceptedPush['envelope'] | undefined>;
  /** The latest first. A page may hold fewer than it was asked for, or none, and still have a `next`. */
  list(query: PushQuery): Promise<ListedPage>;

  heads(place: Place, resources: readonly string[]): Promise<ResourceHead[]>;
  /** Heads of one module in the order in which their pushes were accepted. */
  headsOf(place: Place, module: string): Promise<ResourceHead[]>;
  /**
   * Steps of a resource between two versions, both left out, oldest first; the latest of them where there are more. Those
   * included whose contents were let go of.
   */
  steps(place: Place, resource: string, above: number, below: number, limit: number): Promise<HistoryStep[]>;
  /** Versions of a resource below one, the latest first, those included whose contents were let go of. */
  versions(place: Place, resource: string, below: number, limit: number): Promise<StoredVersion[]>;
  /** Those of these versions that are known, in no order. */
  versionsAt(
    place: Place,
    versions: readonly { readonly resource: string; readonly version: number }[],
  ): Promise<StoredVersion[]>;
  /** How many versions of its resource there are up to each of these, which is counted in. */
  ordinals(
    place: Place,
    versions: readonly { readonly resource: string; readonly version: number }[],
  ): Promise<number[]>;
  /**
   * Resources under a prefix, in whole segments, that have changed behind an offset: those after a name, in the order of
   * their names, at most `limit`.
   */
  changesSince(
    place: Place,
    prefix: string,
    since: number,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<ResourceChange[]>;
  /** Offset of the last push that was accepted until then; 0 where none is known. */
  offsetAt(at: EpochMs): Promise<number>;

  /** Open pushes of any of these recipients, in the order of their acceptance. */
  openFor(tenant: string, recipients: readonly RecipientId[]): Promise<StoredPush[]>;
  /** Offsets of the same: who was away for long is owed more than is read at a time. */
  openOffsets(tenant: string, recipients: readonly RecipientId[]): Promise<number[]>;
  /** Offsets of open pushes of a credential and of any instance of it, in the order of their acceptance. */
  openOffsetsUnder(tenant: string, credential: string): Promise<number[]>;
  /** Recipients of open pushes whose time to deliver has passed. */
  overdue(
    at: EpochMs,
    limit: number,
  ): Promise<readonly { readonly push: number; readonly recipient: RecipientId }[]>;

  content(tenant: string, digest: string): Promise<Content['body'] | undefined>;
  /** Sizes in bytes of those of the digests that are stored. */
  stored(tenant: string, digests: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Stores a content before the push that names it. It is an upload of that subject, which proves that the subject has
   * the content itself, until a push of the subject that names it is taken, or the upload is let go of as too old.
   */
  putContent(tenant: string, content: Content, upload: Upload): Promise<void>;
  /** Uploads of a subject that no push of its own has named since: sizes in bytes, by digest. */
  uploads(tenant: string, subject: string): Promise<ReadonlyMap<string, number>>;
  /** Resources whose history has this content, be it as a source map, which is what decides who may read it. */
  resourcesWith(
    tenant: string,
    digest: string,
  ): Promise<readonly { readonly environment: string; readonly resource: string }[]>;

  /**
   * A tenant's timelines. A blob that a push names as its content as well is kept once, and stays for as long as there are
   * timelines. Commits of all tenants and of pushes come one after the other.
   *
   * @param auditOf rows of the audit that are written in the commit of a change, and with nothing else of it otherwise.
   */
  space(tenant: string, auditOf?: (change: SpaceChange) => readonly AuditEntry[]): Space;

  presence(): Promise<readonly Presence[]>;
  /** Those that are not over. */
  policies(tenant: string): Promise<readonly Policy[]>;

  /**
   * Tells that this node lives, and answers the nodes to which recipients are said to be connected though they have not
   * told so since `deadBefore`. They are answered until those recipients have departed from them. Where several processes
   * share the journal their clocks may differ: there the database's own clock says how long ago a node was heard, and
   * `at - deadBefore` how long is too long.
   */
  beat(node: string, at: EpochMs, deadBefore: EpochMs): Promise<readonly string[]>;
  prune(retention: Retention): Promise<void>;
  close(): Promise<void>;
}
