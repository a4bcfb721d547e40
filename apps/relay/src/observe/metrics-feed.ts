import { setImmediate as turn } from 'node:timers/promises';

import { isSettled, type EpochMs, type SyncMetric } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { TrackChange } from '../journal/follower.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import { factsOf, type Log } from '../log.ts';
import { tracksTogether } from '../queries/find-pushes.ts';
import type { Meter } from './meter.ts';
import { Meters } from './meters.ts';
import type { Observation } from './observation.ts';

interface FeedPorts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
}

const everyMs = 1_000;
const metricsPerMessage = 1_000;
/** Open pushes that counting begins with: the latest. */
const openAtFirst = 500;
const openTracksAtFirst = 20_000;

/**
 * Tells observers how pushes go, at most once a second and only what changed. Nothing is counted, and no timer runs, while
 * nobody observes.
 */
export class MetricsFeed {
  readonly #ports: FeedPorts;
  readonly #observations: () => Iterable<Observation>;
  #meters: Meters | undefined;
  #cancel: (() => void) | undefined;

  constructor(ports: FeedPorts, observations: () => Iterable<Observation>) {
    this.#ports = ports;
    this.#observations = observations;
  }

  /** An observer has come, and is to be told all metrics. */
  join(): void {
    if (this.#meters === undefined) {
      this.#meters = new Meters();
      void this.#begin(this.#meters);
    }
    this.#arm();
  }

  /** The last observer has left. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#meters = undefined;
  }

  accepted(push: TrackedPush): void {
    if (this.#meters === undefined) return;
    takeOpen(this.#meters, push);
    this.#arm();
  }

  changed(changes: readonly TrackChange[]): void {
    if (this.#meters === undefined) return;
    for (const { push, recipient, track } of changes)
      this.#meters.take(push.accepted, push.offset, recipient, track);
    this.#arm();
  }

  /** What was open before anybody observed. */
  async #begin(meters: Meters): Promise<void> {
    const { journal, log } = this.#ports;
    const tenants = new Set([...this.#observations()].map(({ peer }) => peer.session.tenant));
    try {
      for (const tenant of tenants) {
        const { pushes: open } = await journal.store.list({ tenant, open: true, limit: openAtFirst });
        let tracks = 0;
        for (const some of tracksTogether(open)) {
          for (const push of await journal.at(some.map(({ offset }) => offset))) {
            takeOpen(meters, push);
            tracks += push.tracks.size;
          }
          if (tracks > openTracksAtFirst) break;
          // What reads on this very thread lets others have their turn.
          await turn();
        }
      }
      if (this.#meters === meters) this.#arm();
    } catch (error) {
      log.warn(factsOf(error), 'What is open could not be counted.');
    }
  }

  #arm(): void {
    this.#cancel ??= this.#ports.clock.after(everyMs, () => {
      this.#cancel = undefined;
      this.#tick();
    });
  }

  #tick(): void {
    const meters = this.#meters;
    if (meters === undefined) return;
    const at = this.#ports.clock.now();
    const changed = meters.takeChanged(at);
    for (const observation of this.#observations()) {
      if (!observation.isLive) continue;
      tell(observation, observation.hasMetrics ? changed : meters.all(), at);
      observation.hasMetrics = true;
    }
    if (meters.isStirring) this.#arm();
  }
}

/** A push at those recipients where it may still move. */
const takeOpen = (meters: Meters, { accepted, offset, tracks }: TrackedPush): void => {
  for (const [recipient, track] of tracks)
    if (!isSettled(track.state)) meters.take(accepted, offset, recipient, track);
};

const tell = ({ peer, measures }: Observation, meters: Iterable<Meter>, at: EpochMs): void => {
  let metrics: SyncMetric[] = [];
  const send = (): void => {
    if (metrics.length > 0) peer.outlet.emit('sync-metrics', { at, metrics });
    metrics = [];
  };
  for (const meter of meters) {
    if (!measures(meter)) continue;
    metrics.push(meter.view(at));
    if (metrics.length >= metricsPerMessage) send();
  }
  send();
};
