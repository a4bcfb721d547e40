import {
  correctionOf,
  problemOf,
  toCommTrack,
  type EpochMs,
  type Problem,
  type PushView,
  type RecipientId,
  type RecipientTrackView,
  type RuntimeHello,
  type TrackChange,
} from '@cd-push/protocol';
import type { PushFacts, RecipientTrack } from '@cd-push/store';

import type { TrackedPush } from '../journal/tracked-push.ts';
import { resourcesOf } from './sight.ts';

/** What is known of recipients now, besides their tracks. */
export interface Surroundings {
  now(): EpochMs;
  /** What runs where a recipient is connected, on whatever node; undefined where it is not. */
  kindOf(tenant: string, recipient: RecipientId): RuntimeHello['kind'] | undefined;
  /** Whether a policy keeps what is pushed to it from being sent. */
  holds(tenant: string, recipient: RecipientId): boolean;
}

/** A push as whoever may see it is told of it: tracks as they are written down. */
export const viewOf = (
  { offset, accepted, progress, tracks }: Pick<TrackedPush, 'offset' | 'accepted' | 'progress' | 'tracks'>,
  around: Surroundings,
): PushView => ({
  pushGuid: accepted.pushGuid,
  trigger: accepted.trigger,
  sender: accepted.sender.subject,
  session: accepted.sender.session,
  environment: accepted.environment,
  statement: accepted.digest,
  offset,
  acceptedAt: accepted.acceptedAt,
  deliverBy: accepted.deliverBy,
  patches: (accepted.signed?.patches ?? []).map(({ resource, componentType, change, version, restores }) => ({
    resource,
    componentType,
    change,
    version,
    ...(restores === undefined ? {} : { restores }),
  })),
  commTrack: progress.commTrack,
  outcome: progress.outcome,
  recipients: [...tracks].map(([recipient, track]) => recipientView(accepted, recipient, track, around)),
});

const recipientView = (
  facts: PushFacts,
  recipient: RecipientId,
  track: RecipientTrack,
  around: Surroundings,
): RecipientTrackView => {
  const { attempt, state } = track;
  const kind = around.kindOf(facts.tenant, recipient);
  const isHeld = state.stage === 'relayed' && around.holds(facts.tenant, recipient);
  return {
    recipient,
    ...(kind === undefined ? {} : { kind }),
    connected: kind !== undefined,
    attempt,
    stage: state.stage,
    commTrack: toCommTrack(state.times),
    ...faultOf(facts, recipient, track, around),
    ...(isHeld ? { held: true } : {}),
  };
};

/** A change of a track; none of one that was never accepted. */
export const changeOf = (
  facts: PushFacts,
  recipient: RecipientId,
  track: RecipientTrack,
  around: Surroundings,
): TrackChange | undefined => {
  const { attempt, state } = track;
  if (state.stage === 'initialized') return undefined;
  return {
    pushGuid: facts.pushGuid,
    recipient,
    attempt,
    stage: state.stage,
    at: timeOf(state),
    ...faultOf(facts, recipient, track, around),
  };
};

const timeOf = (state: Exclude<RecipientTrack['state'], { stage: 'initialized' }>): EpochMs => {
  switch (state.stage) {
    case 'relayed':
      return state.times.relayed;
    case 'pushed':
      return state.times.pushed;
    case 'delivered':
      return state.times.delivered;
    case 'completed':
      return state.times.completed;
    case 'failed':
    case 'expired':
    case 'superseded':
      return state.at;
    default:
      return state satisfies never;
  }
};

/** Why an attempt ended without effect, and what would mend that. */
const faultOf = (
  facts: PushFacts,
  recipient: RecipientId,
  { state }: RecipientTrack,
  around: Surroundings,
): Pick<RecipientTrackView, 'problem' | 'correction'> => {
  const problem = problemOfState(state);
  if (problem === undefined) return {};
  const correction = correctionOf(problem, {
    resources: resourcesOf(facts),
    isConnected: around.kindOf(facts.tenant, recipient) !== undefined,
    isOwed: facts.deliverBy > around.now(),
  });
  return { problem, correction };
};

const problemOfState = (state: RecipientTrack['state']): Problem | undefined => {
  if (state.stage === 'failed') return state.problem;
  return state.stage === 'expired' ? problemOf('expired') : undefined;
};
