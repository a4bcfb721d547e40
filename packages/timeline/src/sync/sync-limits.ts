import { limits } from '@cd-push/protocol';

import { quarantineLimits, type QuarantineLimits } from '../space/quarantine-limits.ts';

/** What one side of a synchronisation sends at a time, and how much it takes in. */
export interface SyncLimits {
  /** Objects in one turn, and bytes of them, unless one object alone has more. */
  readonly turnObjects: number;
  readonly turnBytes: number;
  /** Bytes of a blob that travels whole; a larger one goes in pieces of so many. */
  readonly pieceBytes: number;
  /** Addresses that are asked about in one turn at first; twice as many in each later one, up to the last figure. */
  readonly firstBatch: number;
  readonly lastBatch: number;
  /** Timelines of one saga, with all that they relate to: `too-large`. */
  readonly timelines: number;
  /** What may wait in quarantine: `too-large`. */
  readonly quarantine: QuarantineLimits;
  /** Turns of one saga: `too-large`. At a thousand objects a turn that is far beyond what quarantine holds. */
  readonly turns: number;
  /** How often a saga begins again where tips moved meanwhile: `tip-moved`. */
  readonly attempts: number;
}

/**
 * Of whoever begins a saga: what it takes in is its own choice, and may be the whole history of a module. A turn of a
 * megabyte is answered well within a connection's deadline, and fits the frame of a socket many times.
 */
export const syncLimits: SyncLimits = {
  turnObjects: 512,
  turnBytes: 1024 * 1024,
  pieceBytes: 1024 * 1024,
  firstBatch: 32,
  lastBatch: 2_048,
  timelines: limits.syncTimelines,
  quarantine: { ...quarantineLimits, objects: 400_000, bytes: 512 * 1024 * 1024 },
  turns: 10_000,
  attempts: 5,
};

/** Of whoever answers, and has others to answer: 20,000 objects are checked in a quarter of a second. */
export const responderLimits: SyncLimits = {
  ...syncLimits,
  quarantine: { ...quarantineLimits, objects: 20_000, bytes: 64 * 1024 * 1024 },
};
