import type { EpochMs, Grant } from '@cd-push/protocol';

import type { RevocationReason } from './sessions.ts';
import type { UserRole } from './users.ts';

/** What changed, with what a follower needs so that it does not have to ask back. */
export type Change =
  | { readonly kind: 'session-revoked'; readonly sid: string; readonly reason: RevocationReason }
  /** It is ended for good, with all of its sessions; what they signed is void. */
  | { readonly kind: 'identity-revoked'; readonly identity: string }
  | { readonly kind: 'grants-changed'; readonly userId: number; readonly grants: readonly Grant[] }
  | { readonly kind: 'subscriptions-changed'; readonly userId: number; readonly groups: readonly string[] }
  | {
      readonly kind: 'user-changed';
      readonly userId: number;
      readonly roles: readonly UserRole[];
      readonly removed: boolean;
    }
  | { readonly kind: 'runtimes-changed'; readonly guid: string }
  | { readonly kind: 'runtime-removed'; readonly guid: string }
  | { readonly kind: 'triggers-changed' };

/** One row of the feed. Sequences rise by one and are never used again. */
export interface ChangeRow {
  readonly sequence: number;
  readonly at: EpochMs;
  readonly change: Change;
}

/** A row is written in the same commit as the change that it tells of, and is never changed. */
export interface ChangeFeed {
  /** Sequence of the latest row, 0 for none. */
  head(): Promise<number>;
  /** Sequence of the oldest row that is kept, 0 for none. Who has read less than the one before it has missed something. */
  tail(): Promise<number>;
  /** Rows after a sequence, in order, at most `limit`. */
  after(sequence: number, limit: number): Promise<ChangeRow[]>;
  /**
   * Calls back after every commit that wrote rows, in this process, so that nobody has to poll. The rows are then read by
   * {@link after}. Answers how to stop.
   */
  onAppended(listener: () => void): () => void;
  /** Lets go of the rows from before a time, but for the latest of all. */
  prune(before: EpochMs): Promise<void>;
}
