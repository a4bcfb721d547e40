import type { SyncTurn, SyncTurnAnswer } from '@cd-push/protocol';

/** The way to a responder, wherever it is. */
export interface SyncPeer {
  /**
   * Brings one turn over and its answer back.
   *
   * @throws ProblemError where the other side could not read or believe the turn, or cannot be reached; the signal's reason.
   */
  exchange(turn: SyncTurn, signal: AbortSignal): Promise<SyncTurnAnswer>;
  /** Ends the connection as far as it serves this; a second call changes nothing. */
  close(): void;
}
