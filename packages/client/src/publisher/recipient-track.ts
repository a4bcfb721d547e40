import {
  advance,
  epochMs,
  initialized,
  type EpochMs,
  type RecipientTrackView,
  type TrackEvent,
  type TrackNotice,
  type TrackState,
} from '@cd-push/protocol';

/** How far a push has come at one recipient, in its latest attempt. */
export interface RecipientTrack {
  readonly recipient: string;
  readonly attempt: number;
  readonly state: TrackState;
}

type NoticeEntry = TrackNotice['recipients'][number];

/** What a notice says of one recipient, as an event of its track. */
export const trackEventOf = (entry: NoticeEntry): TrackEvent => {
  const at = epochMs(entry.at);
  return entry.stage === 'failed'
    ? { type: 'failed', at, problem: entry.problem }
    : { type: entry.stage, at };
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
