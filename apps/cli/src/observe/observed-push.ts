import { eventsOf, moveTrack, type RecipientTrack } from '@cd-push/client';
import {
  deriveProgress,
  epochMs,
  initialized,
  isSettled,
  problemOf,
  type Correction,
  type EpochMs,
  type Problem,
  type Progress,
  type PushView,
  type RecipientTrackView,
  type TrackChange,
  type TrackEvent,
} from '@cd-push/protocol';

import type { LineName } from '../sync/line.ts';

/** One recipient of a push that is observed. */
export interface ObservedTrack extends RecipientTrack {
  /** When it came to where it stands. */
  readonly at: EpochMs;
  /** Why it failed or expired. */
  readonly problem: Problem | undefined;
  readonly correction: Correction | undefined;
  /** A policy keeps it from being sent. */
  readonly isHeld: boolean;
}

/** A push that somebody sent, as its relay tells of it. */
export class ObservedPush {
  readonly relay: LineName;
  /** As it was when it was first told of; how it stands is in the tracks. */
  readonly view: PushView;
  readonly initTime: EpochMs;
  readonly #tracks = new Map<string, ObservedTrack>();

  constructor(relay: LineName, view: PushView) {
    this.relay = relay;
    this.view = view;
    this.initTime = epochMs(view.commTrack.initTime ?? view.acceptedAt);
    this.catchUp(view);
  }

  get tracks(): ReadonlyMap<string, ObservedTrack> {
    return this.#tracks;
  }

  get progress(): Progress {
    return deriveProgress(
      this.initTime,
      [...this.#tracks.values()].map(({ state }) => state),
    );
  }

  /** Whether every recipient has come to an end. */
  get isOver(): boolean {
    return [...this.#tracks.values()].every(({ state }) => isSettled(state));
  }

  /** Takes in a change; gives the track after it, or undefined if it told nothing new. */
  take({ recipient, attempt, stage, at, problem, correction }: TrackChange): ObservedTrack | undefined {
    const event: TrackEvent =
      stage === 'failed'
        ? { type: stage, at: epochMs(at), problem: problem ?? problemOf('internal') }
        : { type: stage, at: epochMs(at) };
    const before = this.#tracks.get(recipient);
    const moved = moveTrack(before, recipient, attempt, this.initTime, event);
    if (moved === undefined) return undefined;
    const track = { ...moved, at: event.at, problem, correction, isHeld: false };
    this.#tracks.set(recipient, track);
    return track;
  }

  /** Takes in the whole picture; gives the tracks that it changed. */
  catchUp({ recipients }: PushView): ObservedTrack[] {
    return recipients.flatMap((view) => {
      const before = this.#tracks.get(view.recipient);
      const track = trackOf(view, this.initTime);
      const isNew =
        before === undefined ||
        before.attempt !== track.attempt ||
        before.state.stage !== track.state.stage ||
        before.isHeld !== track.isHeld;
      // What was told already may have gone further than the picture.
      if (!isNew || isBehind(track, before)) return [];
      this.#tracks.set(view.recipient, track);
      return [track];
    });
  }
}

const trackOf = (view: RecipientTrackView, initTime: EpochMs): ObservedTrack => {
  const { recipient, attempt, problem, correction, held = false } = view;
  let track: RecipientTrack = { recipient, attempt, state: initialized(initTime) };
  let at = initTime;
  for (const event of eventsOf(view)) {
    track = moveTrack(track, recipient, attempt, initTime, event) ?? track;
    at = event.at;
  }
  return { ...track, at, problem, correction, isHeld: held };
};

const isBehind = (track: ObservedTrack, before: ObservedTrack | undefined): boolean =>
  before !== undefined &&
  (track.attempt < before.attempt ||
    (track.attempt === before.attempt && isSettled(before.state) && !isSettled(track.state)));
