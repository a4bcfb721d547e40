import type { ComponentType, Problem } from '@cd-push/protocol';
import type { VerifiedContent } from '@cd-push/timeline';

/** Content of a resource as a push brought it, with what is needed to judge it again later. */
export interface KeptVersion {
  readonly version: number;
  /** null stands for deleted. */
  readonly digest: string | null;
  readonly componentType: ComponentType;
  readonly content: VerifiedContent;
  /** Signing session; once it is revoked, this content is not loaded any more. */
  readonly session: string;
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

/** Outcome of an attempt at a notice or operation, kept until a replay of it would be too late to count. */
export interface DoneRecord {
  readonly pushGuid: string;
  readonly attempt: number;
  /** `started` was never finished: the page ended meanwhile. */
  readonly outcome: 'started' | 'completed' | 'failed';
  readonly problem: Problem | null;
  /** Milliseconds since the epoch. */
  readonly keepUntil: number;
}

export interface RecordSnapshot {
  readonly resources: readonly ResourceRecord[];
  readonly done: readonly DoneRecord[];
  readonly revokedSessions: readonly string[];
}

type RecordChange = Partial<RecordSnapshot>;

/**
 * Keeps what was applied, for the served base that it was applied to.
 *
 * Several tabs of one browser share resources and revoked sessions; `done` belongs to one instance.
 */
export interface RecordStore {
  /**
   * Gives what is kept for this base. Where the kept base is another one, resources are dropped and the store serves the
   * new base from then on. Outcomes whose time is over are dropped.
   *
   * @param base Digest of the served base, or null where there is none.
   * @param at Milliseconds since the epoch.
   */
  load(base: string | null, at: number): Promise<RecordSnapshot>;
  /**
   * Writes all of a change or nothing of it. A resource whose stored `good` is of a higher version keeps that; a write for
   * a base that is no longer the stored one does nothing to resources. Rejects where the platform cannot write.
   */
  write(change: RecordChange): Promise<void>;
}
