import type { TrackState } from '@cd-push/protocol';

import type { RecipientTrack } from '../ports/push.ts';

/** How far a stage is. All ends are equally far, so that the first of them stands. */
const ranks = {
  initialized: 0,
  relayed: 1,
  pushed: 2,
  delivered: 3,
  completed: 9,
  failed: 9,
  expired: 9,
  superseded: 9,
} as const satisfies Record<TrackState['stage'], number>;

/** Rank of every end; below it a track is open. */
export const endRank = 9;

export const rankOf = ({ stage }: TrackState): number => ranks[stage];

/** Whether a track is further than another: a later attempt, or a later stage of the same one. */
export const isFurther = (one: RecipientTrack, other: RecipientTrack): boolean =>
  one.attempt === other.attempt ? rankOf(one.state) > rankOf(other.state) : one.attempt > other.attempt;
