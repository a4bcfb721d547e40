import type { Address, receive, Space, StoredObject } from '@cd-push/timeline';

/** In what two frames of one timeline come together: one of the two, where it has the other, or a new frame. */
export interface Merged {
  readonly tip: Address;
  /** What has to be committed with it. */
  readonly objects: readonly StoredObject[];
}

/** What is judged, as far as a replica uses it; a fault that is planted stands in for a part of it. */
export interface Engine {
  merge(space: Space, ours: Address, theirs: Address): Promise<Merged>;
  readonly receive: typeof receive;
}
