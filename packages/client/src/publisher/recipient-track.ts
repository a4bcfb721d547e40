import {
  advance,
  epochMs,
  initialized,
  type EpochMs,
  type Problem,
  type RecipientTrackView,
  type TrackEvent,
  type TrackState,
} from '@cd-push/protocol';

/** How far a push has come at one recipient, in its latest attempt. */
export interface RecipientTrack {
  readonly recipient: string;
  readonly attempt: number;
  readonly state: TrackState;
}

/** The events that carry notices, and the stage that each stands for. */
const noticeStages = {
  'push-msg-relayed': 'relayed',
  'push-msg-pushed': 'pushed',
  'push-delivered': 'delivered',
  'push-msg-completed': 'completed',
  'push-msg-failed': 'failed',
} as const;
export type NoticeEvent = keyof typeof noticeStages;

/** What a notice says of one recipient, as an event of its track. A failure without effect names how it ended. */
export const trackEventOf = (
  event: NoticeEvent,
  at: number,
  problem: Problem | undefined,
): TrackEvent | undefined => {
  const stage = noticeStages[event];
  if (stage !== 'failed') return { type: stage, at: epochMs(at) };
  if (problem === undefined) return undefined;
  if (problem.kind === 'expired') return { type: 'expired', at: epochMs(at) };
  return { type: 'failed', at: epochMs(at), problem };
};

/** The track after an event of an attempt; undefined if it changed nothing. Only the relay opens attempts. */
export const moveTrack = (
  track: RecipientTrack | undefined,
  recipient: string,
  attempt: number,
  initTime: EpochMs,
  event: TrackEvent,
): RecipientTrack | undefined => {
  if (track !== undefined && attempt < track.attempt) return undefined;
  const before = track?.attempt === attempt ? track.state : initialized(initTime);
  const { outcome, state } = advance(before, event);
  return outcome === 'advanced' ? { recipient, attempt, state } : undefined;
};

/** The events that lead to a view of a track, for one that missed them. */
export const eventsOf = (view: RecipientTrackView): TrackEvent[] => {
  const { relayTime, pushTime, deliveryTime, completedTime, initTime } = view.commTrack;
  const events: TrackEvent[] = [];
  const reached = [
    ['relayed', relayTime],
    ['pushed', pushTime],
    ['delivered', deliveryTime],
    ['completed', completedTime],
  ] as const;
  let last = initTime ?? 0;
  for (const [type, at] of reached) {
    if (at === null) continue;
    events.push({ type, at: epochMs(at) });
    last = at;
  }
  const at = epochMs(last);
  if (view.stage === 'failed' && view.problem !== undefined)
    events.push({ type: 'failed', at, problem: view.problem });
  else if (view.stage === 'expired' || view.stage === 'superseded') events.push({ type: view.stage, at });
  return events;
};
