import type { ComponentType, JournalOffset, Problem, SignedAuditHead } from '@cd-push/protocol';
import type { FollowedIdentity, VerifiedContent } from '@cd-push/timeline';

/** Content of a resource as a push brought it, with what is needed to judge it again later. */
export interface KeptVersion {
  readonly version: number;
  /** null stands for deleted. */
  readonly digest: string | null;
  readonly componentType: ComponentType;
  readonly content: VerifiedContent;
  /** Signing session; once it was ended, this content is not loaded any more. */
  readonly session: string;
  /** The identity behind it, likewise; absent in what was kept before there were any. */
  readonly identity?: string;
  readonly pushGuid: string;
  readonly attempt: number;
  /** Digest of the statement. */
  readonly statement: string;
}

/**
 * A version that is newer than the one in place. `failed` was taken back, and may do well in another tab. `crashed` is not
 * to be started with by anyone: it hung or ended the program, kept it from starting, or its signer was revoked. `pending`
 * takes effect at the next start, because nobody in the running program accepts it.
 */
export type NextVersion =
  | {
      readonly outcome: 'failed' | 'crashed';
      readonly version: number;
      readonly digest: string | null;
      readonly attempt: number;
      readonly statement: string;
      readonly problem: Problem;
    }
  | {
      readonly outcome: 'pending';
      readonly version: number;
      readonly digest: string | null;
      readonly attempt: number;
      readonly statement: string;
      readonly problem: Problem;
      readonly kept: KeptVersion;
    };

/** What is known of one resource beyond the served base. */
export interface ResourceRecord {
  readonly resource: string;
  /** Last version that was healthy; null where the base's own content is in place. */
  readonly good: KeptVersion | null;
  /** The one before `good`, for a start that `good` does not survive. */
  readonly former: KeptVersion | null;
  readonly next: NextVersion | null;
}

/** How far an attempt at a notice or operation came; kept until a repetition would be too late to count by any clock. */
export interface DoneRecord {
  readonly pushGuid: string;
  readonly attempt: number;
  /** Digest of the statement. */
  readonly statement: string;
  /** `started` was never finished: the page or process ended meanwhile. */
  readonly outcome: 'started' | 'completed' | 'failed';
  readonly problem: Problem | null;
  /** Milliseconds since the epoch. */
  readonly keepUntil: number;
}

/** The latest head of one node's audit chain that this runtime was told, as it was signed. */
export interface KeptAuditHead extends SignedAuditHead {
  readonly node: string;
  readonly sequence: number;
  /** When it was signed, in milliseconds since the epoch. */
  readonly at: number;
}

export interface RecordSnapshot {
  readonly resources: readonly ResourceRecord[];
  readonly done: readonly DoneRecord[];
  /** Sessions that were ended, and identities with all of theirs. */
  readonly revokedSessions: readonly string[];
  /** What was seen of identities: keys that come in the place of others that were seen are refused. */
  readonly identities: readonly FollowedIdentity[];
  /** How far this instance had followed the relay's journal when it had these resources; null where nothing is known. */
  readonly journal: JournalOffset | null;
  /** One for each node, in no order. */
  readonly auditHeads: readonly KeptAuditHead[];
}

/** What changed; members that are absent stay as they are. `auditHeads` replaces all of them, an identity itself alone. */
export type RecordChange = Partial<Omit<RecordSnapshot, 'done'>>;

/**
 * Keeps what was applied, for the served base that it was applied to.
 *
 * Several tabs of one browser share resources, revoked sessions, identities and audit heads; `done` and `journal` belong to one
 * instance.
 */
export interface RecordStore {
  /**
   * Gives what is kept for this base. Where the kept base is another one, resources and the place in the journal are
   * dropped, and the store serves the new base from then on. Outcomes whose time is over are dropped.
   *
   * @param base Digest of the served base, or null where there is none.
   * @param at Milliseconds since the epoch.
   */
  load(base: string | null, at: number): Promise<RecordSnapshot>;
  /**
   * Writes all of a change or nothing of it. A resource whose stored `good` is of a higher version keeps that; a write for
   * a base that is no longer the stored one does nothing to resources and the place in the journal. Rejects where the
   * platform cannot write.
   */
  write(change: RecordChange): Promise<void>;
  /**
   * Writes an outcome, and with it the place in the journal if there is one. It outlives the loss of power when this
   * resolves: what it is written for has effects that nobody can take back. Rejects where the platform cannot write.
   */
  settle(done: DoneRecord, journal: JournalOffset | null): Promise<void>;
}
