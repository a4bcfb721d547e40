import type { StoredObject, Tip } from '@cd-push/timeline';

/** Where a replica's timelines stand: asks for what it lacks. */
export interface Announcement {
  readonly kind: 'announcement';
  readonly from: string;
  readonly to: string;
  readonly tips: readonly Tip[];
}

/** Where the sender's timelines stood, and the objects that the other one was thought to lack. */
export interface Bundle {
  readonly kind: 'bundle';
  readonly from: string;
  readonly to: string;
  readonly tips: readonly Tip[];
  readonly objects: readonly StoredObject[];
}

export type Message = Announcement | Bundle;
