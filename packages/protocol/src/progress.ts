import { epochMs, type EpochMs } from './ids.ts';
import { isSettled, type StageTimes, type TrackState } from './track.ts';
import type { CommTrack } from './wire/comm-track.ts';

/** How a push ended over all its recipients; `open` while one of them may still move. */
export type Outcome = 'open' | 'completed' | 'partial' | 'failed' | 'expired';

const counted = ['relayed', 'pushed', 'delivered', 'completed'] as const;
type Counted = (typeof counted)[number];

/**
 * The track of a whole push, derived from its recipients': each stage is reached when every recipient has reached it, at
 * the time of the last. It is kept up by differences, so that a push to thousands costs no walk over them per
 * acknowledgement.
 */
export class Progress {
  readonly #initialized: EpochMs;
  readonly #reached: Record<Counted, number> = { relayed: 0, pushed: 0, delivered: 0, completed: 0 };
  readonly #latest: Record<Counted, number> = { relayed: 0, pushed: 0, delivered: 0, completed: 0 };
  readonly #settled = { completed: 0, failed: 0, expired: 0, superseded: 0 };
  #recipients = 0;

  constructor(initTime: EpochMs) {
    this.#initialized = initTime;
  }

  /** Takes in a recipient's change; `before` is undefined for a recipient that joins the count. */
  record(before: TrackState | undefined, after: TrackState): void {
    if (before === undefined) this.#recipients += 1;
    const now: StageTimes = after.times;
    const then: StageTimes | undefined = before?.times;
    for (const stage of counted) {
      const time = now[stage];
      const was = then?.[stage];
      if (time === undefined) {
        if (was !== undefined) this.#reached[stage] -= 1;
        continue;
      }
      if (was === undefined) this.#reached[stage] += 1;
      if (time > this.#latest[stage]) this.#latest[stage] = time;
    }
    this.#countSettled(before, -1);
    this.#countSettled(after, 1);
  }

  get outcome(): Outcome {
    const { completed, failed, expired, superseded } = this.#settled;
    const settled = completed + failed + expired + superseded;
    if (settled < this.#recipients) return 'open';
    if (completed === settled) return 'completed';
    if (failed === settled) return 'failed';
    if (expired === settled) return 'expired';
    return 'partial';
  }

  get commTrack(): CommTrack {
    const time = (stage: Counted): EpochMs | null =>
      this.#recipients > 0 && this.#reached[stage] === this.#recipients ? epochMs(this.#latest[stage]) : null;
    const [relayTime, pushTime, deliveryTime, completedTime] = counted.map(time);
    return {
      initTime: this.#initialized,
      relayed: relayTime !== null,
      relayTime: relayTime ?? null,
      pushed: pushTime !== null,
      pushTime: pushTime ?? null,
      delivered: deliveryTime !== null,
      deliveryTime: deliveryTime ?? null,
      completed: completedTime !== null,
      completedTime: completedTime ?? null,
    };
  }

  #countSettled(state: TrackState | undefined, by: 1 | -1): void {
    if (state === undefined || !isSettled(state)) return;
    switch (state.stage) {
      case 'completed':
      case 'failed':
      case 'expired':
      case 'superseded':
        this.#settled[state.stage] += by;
        return;
      case 'initialized':
      case 'relayed':
      case 'pushed':
      case 'delivered':
        return;
      default:
        state satisfies never;
    }
  }
}

/** The whole push's track and outcome from its recipients' states, in one walk. */
export const deriveProgress = (initTime: EpochMs, states: Iterable<TrackState>): Progress => {
  const progress = new Progress(initTime);
  for (const state of states) progress.record(undefined, state);
  return progress;
};
