import { epochMs, type EpochMs } from './ids.ts';
import type { CommTrack } from './wire/comm-track.ts';
import type { Problem } from './wire/problem-schema.ts';

/** Stages of one attempt at one recipient, in the order in which they are reached. */
export const stages = ['initialized', 'relayed', 'pushed', 'delivered', 'completed'] as const;
export type Stage = (typeof stages)[number];

/** When each stage was reached; a stage is reached exactly when its time is there. */
interface Reached1 {
  readonly initialized: EpochMs;
}
interface Reached2 extends Reached1 {
  readonly relayed: EpochMs;
}
interface Reached3 extends Reached2 {
  readonly pushed: EpochMs;
}
interface Reached4 extends Reached3 {
  readonly delivered: EpochMs;
}
interface Reached5 extends Reached4 {
  readonly completed: EpochMs;
}
export type StageTimes = Reached1 & Partial<Omit<Reached5, 'initialized'>>;

/** Where one attempt at one recipient stands. The last three are ends without the wished effect. */
export type TrackState =
  | { readonly stage: 'initialized'; readonly times: Reached1 }
  | { readonly stage: 'relayed'; readonly times: Reached2 }
  | { readonly stage: 'pushed'; readonly times: Reached3 }
  | { readonly stage: 'delivered'; readonly times: Reached4 }
  | { readonly stage: 'completed'; readonly times: Reached5 }
  | { readonly stage: 'failed'; readonly times: StageTimes; readonly at: EpochMs; readonly problem: Problem }
  | { readonly stage: 'expired'; readonly times: StageTimes; readonly at: EpochMs }
  | { readonly stage: 'superseded'; readonly times: StageTimes; readonly at: EpochMs };

export type TrackEvent =
  | { readonly type: 'relayed' | 'pushed' | 'delivered' | 'completed'; readonly at: EpochMs }
  | { readonly type: 'failed'; readonly at: EpochMs; readonly problem: Problem }
  | { readonly type: 'expired' | 'superseded'; readonly at: EpochMs };

/** What an event did: it moved the track, or it repeated or came late and changed nothing. */
export type TrackOutcome =
  | { readonly outcome: 'advanced'; readonly state: TrackState }
  | {
      readonly outcome: 'unchanged';
      readonly state: TrackState;
      readonly why: 'repeated' | 'late' | 'settled';
    };

export const initialized = (at: EpochMs): TrackState => ({
  stage: 'initialized',
  times: { initialized: at },
});

export const isSettled = (state: TrackState): boolean => {
  switch (state.stage) {
    case 'completed':
    case 'failed':
    case 'expired':
    case 'superseded':
      return true;
    case 'initialized':
    case 'relayed':
    case 'pushed':
    case 'delivered':
      return false;
    default:
      return state satisfies never;
  }
};

/**
 * The one function that moves a track. Forward only; a stage that is reported implies those before it, which are filled
 * in with the same time; no stage is earlier than the one before it.
 */
export const advance = (state: TrackState, event: TrackEvent): TrackOutcome => {
  if (isSettled(state)) {
    const why = event.type === state.stage ? 'repeated' : 'settled';
    return { outcome: 'unchanged', state, why };
  }
  const at = epochMs(Math.max(event.at, lastTime(state.times)));
  switch (event.type) {
    case 'failed':
      return {
        outcome: 'advanced',
        state: { stage: 'failed', times: state.times, at, problem: event.problem },
      };
    case 'expired':
    case 'superseded':
      return { outcome: 'advanced', state: { stage: event.type, times: state.times, at } };
    case 'relayed':
    case 'pushed':
    case 'delivered':
    case 'completed': {
      const times: StageTimes = state.times;
      if (times[event.type] !== undefined) {
        return { outcome: 'unchanged', state, why: event.type === state.stage ? 'repeated' : 'late' };
      }
      return { outcome: 'advanced', state: reach(times, event.type, at) };
    }
    default:
      return event satisfies never;
  }
};

const reach = (
  times: StageTimes,
  stage: 'relayed' | 'pushed' | 'delivered' | 'completed',
  at: EpochMs,
): TrackState => {
  const relayed = { initialized: times.initialized, relayed: times.relayed ?? at };
  if (stage === 'relayed') return { stage, times: relayed };
  const pushed = { ...relayed, pushed: times.pushed ?? at };
  if (stage === 'pushed') return { stage, times: pushed };
  const delivered = { ...pushed, delivered: times.delivered ?? at };
  if (stage === 'delivered') return { stage, times: delivered };
  return { stage, times: { ...delivered, completed: at } };
};

const lastTime = (times: StageTimes): EpochMs =>
  times.completed ?? times.delivered ?? times.pushed ?? times.relayed ?? times.initialized;

/** One recipient's track as the wire spells it. */
export const toCommTrack = (times: StageTimes): CommTrack => ({
  initTime: times.initialized,
  relayed: times.relayed !== undefined,
  relayTime: times.relayed ?? null,
  pushed: times.pushed !== undefined,
  pushTime: times.pushed ?? null,
  delivered: times.delivered !== undefined,
  deliveryTime: times.delivered ?? null,
  completed: times.completed !== undefined,
  completedTime: times.completed ?? null,
});
