import {
  epochMs,
  isSettled,
  ProblemError,
  type EpochMs,
  type Problem,
  type PushAnswer,
  type PushView,
  type StageTimes,
  type TrackEvent,
  type TrackNotice,
} from '@cd-push/protocol';

import { orAborted } from '../or-aborted.ts';
import { eventsOf, moveTrack, trackEventOf, type RecipientTrack } from './recipient-track.ts';
import type { Sent } from './sending.ts';

/** Stages that a sender can wait for. */
export type AwaitedStage = 'relayed' | 'delivered' | 'completed';

/** How a push stands once every recipient has reached a stage or ended short of it. */
export interface Settlement {
  readonly reached: readonly RecipientTrack[];
  /** Failed, expired or superseded before the stage: a later push in its place is not this one's effect. */
  readonly missed: readonly RecipientTrack[];
}

/**
 * One push under way. Iterating gives every change of every recipient's track, from the first on, and ends when every
 * recipient has come to an end. A retry opens another attempt at a recipient and makes the push one under way again;
 * whoever iterates or waits from then on sees that too.
 */
export class Push implements AsyncIterable<RecipientTrack> {
  readonly pushGuid: string;
  /** When the push came about, on the servers' clock. */
  readonly initTime: EpochMs;
  /**
   * The relay's answer, which is waited for as long as it takes. It never rejects: a refusal is an answer with a problem,
   * and so is the end of the publisher or of its connection, after which the push may be {@link isOwed}.
   */
  readonly accepted: Promise<PushAnswer>;
  /**
   * Resolves, and never rejects, once it was sent for the first time and is kept, or has to wait: for a push before it, for
   * contents that travel by themselves, for a relay that is away. What else there is to be done about it delays it no longer.
   */
  readonly dispatched: Promise<void>;
  readonly #tracks = new Map<string, RecipientTrack>();
  readonly #changes: RecipientTrack[] = [];
  readonly #waiting = new Set<() => void>();
  #answer: PushAnswer | undefined;
  #isOwed = false;
  #closed = false;

  constructor(pushGuid: string, initTime: EpochMs, dispatched: Promise<void>, sent: Promise<Sent>) {
    this.dispatched = dispatched;
    this.pushGuid = pushGuid;
    this.initTime = initTime;
    this.accepted = sent.then(({ answer, isOwed }) => {
      this.#isOwed = isOwed;
      this.#take(answer);
      return answer;
    });
  }

  /** Every recipient's track as it stands; empty before acceptance. */
  get tracks(): ReadonlyMap<string, RecipientTrack> {
    return this.#tracks;
  }

  /** Whether the relay has answered that it takes care of it. */
  get isAccepted(): boolean {
    return this.#answer?.status === true;
  }

  /**
   * Whether it was given up for now, neither accepted nor refused for good: the outbox keeps it, and
   * {@link Publisher.resume} sends it again.
   */
  get isOwed(): boolean {
    return this.#isOwed;
  }

  /** Whether a retry may still open an attempt at a recipient that came to its end. */
  get mayReopen(): boolean {
    if (this.#closed) return false;
    for (const { state } of this.#tracks.values())
      if (state.stage === 'failed' || state.stage === 'expired') return true;
    return false;
  }

  /** Whether every recipient has come to an end, or the push was not accepted. */
  get isOver(): boolean {
    if (this.#closed || this.#answer?.status === false) return true;
    if (this.#answer === undefined) return false;
    for (const { state } of this.#tracks.values()) if (!isSettled(state)) return false;
    return true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecipientTrack, void, undefined> {
    let next = 0;
    for (;;) {
      for (let change = this.#changes[next]; change !== undefined; change = this.#changes[next]) {
        next += 1;
        yield change;
      }
      if (this.isOver) return;
      await this.#nextChange(undefined);
    }
  }

  /**
   * Resolves when every recipient has reached the stage or ended short of it. A push that is no longer followed (its
   * publisher was closed) leaves out those that were still under way.
   *
   * @throws ProblemError why the push was refused; the signal's reason.
   */
  async settled(stage: AwaitedStage, { signal }: { signal?: AbortSignal } = {}): Promise<Settlement> {
    for (;;) {
      if (this.#answer?.status === false) throw new ProblemError(this.#answer.error);
      const reached: RecipientTrack[] = [];
      const missed: RecipientTrack[] = [];
      for (const track of this.#tracks.values()) {
        const times: StageTimes = track.state.times;
        if (times[stage] !== undefined) reached.push(track);
        else if (isSettled(track.state)) missed.push(track);
      }
      const isSettledForAll =
        this.#answer !== undefined && reached.length + missed.length === this.#tracks.size;
      if (isSettledForAll || this.#closed) return { reached, missed };
      signal?.throwIfAborted();
      await this.#nextChange(signal);
    }
  }

  /** Takes in a notice of the relay. @internal */
  hear(notice: TrackNotice): void {
    for (const entry of notice.recipients) this.#move(entry.recipient, entry.attempt, trackEventOf(entry));
    this.#wake();
  }

  /** Takes in the whole picture after a break in which notices may have been missed. @internal */
  catchUp(view: PushView): void {
    for (const track of view.recipients) {
      for (const event of eventsOf(track)) this.#move(track.recipient, track.attempt, event);
    }
    this.#wake();
  }

  /** Nobody knows any more what becomes of those that are still under way. @internal */
  lose(problem: Problem, at: EpochMs): void {
    for (const { recipient, attempt } of this.#tracks.values())
      this.#move(recipient, attempt, { type: 'failed', at, problem });
    this.#wake();
  }

  /** Follows no longer. @internal */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #take(answer: PushAnswer): void {
    this.#answer = answer;
    if (answer.status) {
      const at = epochMs(answer.commTrack.relayTime ?? this.initTime);
      for (const recipient of answer.recipients) {
        if (!this.#tracks.has(recipient)) this.#move(recipient, 1, { type: 'relayed', at });
      }
    }
    this.#wake();
  }

  #move(recipient: string, attempt: number, event: TrackEvent): void {
    const track = moveTrack(this.#tracks.get(recipient), recipient, attempt, this.initTime, event);
    if (track === undefined) return;
    this.#tracks.set(recipient, track);
    this.#changes.push(track);
  }

  async #nextChange(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await orAborted(promise, signal);
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
  }
}
