import { isSettled, stages } from '@cd-push/protocol';
import type { RecipientTrack } from '@cd-push/store';

/**
 * Whether one track has come further than another: a later attempt, or the same at a later stage. An end is further than
 * every stage, and of two ends the first stays.
 */
export const isFurther = (one: RecipientTrack, other: RecipientTrack): boolean =>
  one.attempt === other.attempt ? rankOf(one) > rankOf(other) : one.attempt > other.attempt;

const rankOf = ({ state }: RecipientTrack): number =>
  isSettled(state) ? stages.length : stages.findIndex((stage) => stage === state.stage);
