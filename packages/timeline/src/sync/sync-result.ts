import type { SyncStrategy } from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';

/** What is synchronised. */
export interface SyncWanted {
  /** Genesis addresses; what these relate to comes along. */
  readonly timelines: readonly Address[];
  readonly constants?: readonly Address[] | undefined;
  /** `merge` unless it says else. */
  readonly strategy?: SyncStrategy | undefined;
}

/** What became of one timeline. */
export interface SyncedTimeline {
  readonly timeline: Address;
  /** Where this side and the other stood before. */
  readonly ours: Address | undefined;
  readonly theirs: Address | undefined;
  /** Where both stand now; undefined where neither has a tip, and where it was left diverged. */
  readonly tip: Address | undefined;
  /** `diverged`: both sides have moved on and nothing was changed; their frames are here now, to be settled. */
  readonly outcome: 'same' | 'pulled' | 'pushed' | 'merged' | 'diverged';
}

interface Count {
  readonly objects: number;
  readonly bytes: number;
}

export interface SyncResult {
  readonly saga: string;
  readonly timelines: readonly SyncedTimeline[];
  /** Objects of what is synchronised; control objects are not counted. */
  readonly sent: Count;
  readonly received: Count;
  /** Requests and responses. */
  readonly turns: number;
  /** How often it began, the last time included. */
  readonly attempts: number;
}
