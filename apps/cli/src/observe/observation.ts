import type { Observed } from '@cd-push/client';
import { isSettled, problemOf, type PushView, type TrackChange } from '@cd-push/protocol';

import type { LineName } from '../sync/line.ts';
import type { ObserveView } from './observe-view.ts';
import { ObservedPush, type ObservedTrack } from './observed-push.ts';
import type { Retrier, RetryTold } from './retrier.ts';
import type { RetryPlace } from './retry-plan.ts';

/** Pushes that are remembered: settled ones for when they are retried. */
const remembered = 5_000;

export interface ObservationOptions {
  readonly view: ObserveView;
  readonly retrier: Retrier | undefined;
  /** Asks for a push that was made before the observation began; undefined where its relay knows no such push. */
  readonly find: (relay: LineName, pushGuid: string) => Promise<PushView | undefined>;
}

/** What is observed at one relay or two: takes in what they tell, keeps the picture, and shows what is new of it. */
export class Observation {
  readonly #options: ObservationOptions;
  readonly #pushes = new Map<string, ObservedPush>();
  /** Pushes that are being asked for, with the changes that came meanwhile. */
  readonly #unknown = new Map<string, TrackChange[]>();

  constructor(options: ObservationOptions) {
    this.#options = options;
  }

  /** Pushes that are under way. */
  get open(): ObservedPush[] {
    return [...this.#pushes.values()].filter((push) => !push.isOver);
  }

  /** Takes in what a relay tells. */
  take(relay: LineName, observed: Observed): void {
    switch (observed.kind) {
      case 'begun':
      case 'resumed':
      case 'reset':
        this.#begin(relay, observed);
        return;
      case 'accepted':
        this.#accept(relay, observed.push);
        return;
      case 'track':
        this.#change(relay, observed.changes);
        return;
      case 'metrics':
        this.#options.view.metrics(relay, observed);
        return;
      default:
        observed satisfies never;
    }
  }

  /** Takes in that a relay cannot be heard for now. */
  away(relay: LineName): void {
    this.#options.view.away(relay);
  }

  /** Shows what a retrier did. */
  retried(told: RetryTold): void {
    const push = this.pushAt(told.place);
    if (push !== undefined) this.#options.view.retried(push, told);
  }

  pushAt({ relay, pushGuid }: RetryPlace): ObservedPush | undefined {
    return this.#pushes.get(keyOf(relay, pushGuid));
  }

  #begin(
    relay: LineName,
    { kind, journal, open }: Extract<Observed, { kind: 'begun' | 'resumed' | 'reset' }>,
  ): void {
    const { view } = this.#options;
    const fresh: ObservedPush[] = [];
    const moved: { push: ObservedPush; tracks: ObservedTrack[] }[] = [];
    for (const one of open) {
      const push = this.#pushes.get(keyOf(relay, one.pushGuid));
      if (push === undefined) fresh.push(this.#remember(new ObservedPush(relay, one)));
      else moved.push({ push, tracks: push.catchUp(one) });
    }
    view.begun({ relay, journal, kind, open: fresh });
    for (const push of fresh)
      for (const track of push.tracks.values()) if (track.state.stage === 'failed') this.#tell(push, track);
    for (const { push, tracks } of moved) this.#tellAll(push, tracks);
    if (kind === 'reset') this.#askAfterOthers(relay, open);
  }

  #accept(relay: LineName, view: PushView): void {
    // One that was under way at the beginning is known already.
    if (this.#pushes.has(keyOf(relay, view.pushGuid))) return;
    this.#options.view.accepted(this.#remember(new ObservedPush(relay, view)));
  }

  #change(relay: LineName, changes: readonly TrackChange[]): void {
    for (const [pushGuid, ofPush] of Map.groupBy(changes, (change) => change.pushGuid)) {
      const push = this.#pushes.get(keyOf(relay, pushGuid));
      if (push === undefined) this.#changeUnknown(relay, pushGuid, ofPush);
      else
        this.#tellAll(
          push,
          ofPush.flatMap((change) => push.take(change) ?? []),
        );
    }
  }

  /** What was under way before a break and is not any more has come to an end that was not told. */
  #askAfterOthers(relay: LineName, open: readonly PushView[]): void {
    const known = new Set(open.map(({ pushGuid }) => pushGuid));
    const others = this.open.filter(({ view, relay: at }) => at === relay && !known.has(view.pushGuid));
    for (const push of others) void this.#askAfter(push);
  }

  async #askAfter(push: ObservedPush): Promise<void> {
    const view = await this.#options.find(push.relay, push.view.pushGuid);
    if (view === undefined) this.#pushes.delete(keyOf(push.relay, push.view.pushGuid));
    else this.#tellAll(push, push.catchUp(view));
  }

  #changeUnknown(relay: LineName, pushGuid: string, changes: readonly TrackChange[]): void {
    const key = keyOf(relay, pushGuid);
    const waiting = this.#unknown.get(key);
    if (waiting === undefined) {
      this.#unknown.set(key, [...changes]);
      void this.#learn(relay, pushGuid);
    } else waiting.push(...changes);
  }

  async #learn(relay: LineName, pushGuid: string): Promise<void> {
    const key = keyOf(relay, pushGuid);
    const view = await this.#options.find(relay, pushGuid);
    const changes = this.#unknown.get(key) ?? [];
    this.#unknown.delete(key);
    if (view === undefined) return;
    const push = this.#remember(new ObservedPush(relay, view));
    this.#options.view.accepted(push);
    for (const change of changes) push.take(change);
    // The picture holds them already; it is they that are news.
    const recipients = new Set(changes.map(({ recipient }) => recipient));
    this.#tellAll(
      push,
      [...push.tracks.values()].filter(({ recipient }) => recipients.has(recipient)),
    );
  }

  #tellAll(push: ObservedPush, tracks: readonly ObservedTrack[]): void {
    for (const track of tracks) this.#tell(push, track);
    if (tracks.some(({ state }) => isSettled(state)) && push.isOver) this.#options.view.over(push);
  }

  #tell(push: ObservedPush, track: ObservedTrack): void {
    const { view, retrier } = this.#options;
    const { attempt, state, problem, correction, recipient } = track;
    const place = { relay: push.relay, pushGuid: push.view.pushGuid, recipient };
    const hasEndedBadly = state.stage === 'failed' || state.stage === 'expired';
    if (hasEndedBadly && correction !== undefined) {
      const decision = retrier?.failed(place, attempt, problem ?? problemOf(endOf(state.stage)), correction);
      view.moved({ push, track, decision });
      return;
    }
    retrier?.moved(place, attempt, isSettled(state));
    if (state.stage === 'completed')
      retrier?.arrived(
        push.relay,
        recipient,
        push.view.patches.map(({ resource }) => resource),
      );
    view.moved({ push, track, decision: undefined });
  }

  #remember(push: ObservedPush): ObservedPush {
    this.#pushes.set(keyOf(push.relay, push.view.pushGuid), push);
    const [oldest] = this.#pushes.keys();
    if (this.#pushes.size > remembered && oldest !== undefined) this.#pushes.delete(oldest);
    return push;
  }
}

const keyOf = (relay: LineName, pushGuid: string): string => `${relay} ${pushGuid}`;

const endOf = (stage: 'failed' | 'expired'): 'internal' | 'expired' =>
  stage === 'expired' ? 'expired' : 'internal';
