import { setImmediate as turn } from 'node:timers/promises';

import type { Observe } from '@cd-push/protocol';

import { payerOf } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import type { TrackChange } from '../journal/follower.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Broadcast } from '../line/emit.ts';
import { factsOf, type Log } from '../log.ts';
import type { Peer } from '../peers/peer.ts';
import { costOfRows, type Rate } from '../peers/rate.ts';
import type { Surroundings } from '../queries/push-view.ts';
import {
  acceptedHappening,
  changesHappening,
  happeningsOf,
  messagesOf,
  type Happening,
} from './happenings.ts';
import { MetricsFeed } from './metrics-feed.ts';
import { Observation } from './observation.ts';

interface ObserverPorts {
  readonly journal: Journal;
  readonly around: Surroundings;
  readonly rate: Rate;
  readonly clock: Clock;
  readonly log: Log;
  readonly broadcast: Broadcast;
}

/** Rows of the journal that are read at a time for whoever was away. */
const perRead = 100;
/** Places of the journal after which whoever saw none of them is told how far it has come. */
const unheardAtMost = 1_000;

/**
 * Tells observers of pushes and of every change of their tracks, in the order of the journal, whichever node wrote it.
 * What happens within one turn of the event loop is told together. Whoever was away is told first what has happened; a
 * slow one is cut as every slow peer is, and comes back with its offset.
 */
export class Observers {
  readonly #ports: ObserverPorts;
  readonly #all = new Map<Peer, Observation>();
  readonly #metrics: MetricsFeed;
  #happened: Happening[] = [];

  constructor(ports: ObserverPorts) {
    this.#ports = ports;
    this.#metrics = new MetricsFeed(ports, () => this.#all.values());
    ports.journal.onAccepted((push) => this.#accepted(push));
    ports.journal.onWritten((changes, offset) => this.#changed(changes, offset));
  }

  /** Observes for a peer from a place on, in place of what it observed before. Nothing is told before {@link follow}. */
  begin(peer: Peer, observe: Observe, from: number): Observation {
    const observation = new Observation(peer, observe, from);
    this.#all.set(peer, observation);
    return observation;
  }

  /** Tells what has happened since, and from there on what happens. */
  async follow(observation: Observation): Promise<void> {
    const { journal, around, rate, log } = this.#ports;
    const { peer } = observation;
    try {
      while (this.#isCurrent(observation)) {
        if (observation.told >= journal.position) {
          observation.isLive = true;
          if (observation.hearsChanges) this.#metrics.join();
          return;
        }
        const written = await journal.store.writtenFacts(observation.told, perRead);
        for await (const told of happeningsOf(written, observation.mayHear, journal, around)) {
          rate.charge(payerOf(peer.session), costOfRows(told.rows));
          await this.#retell(observation, told.happenings, told.offset);
          if (!this.#isCurrent(observation)) return;
          // What reads on this very thread lets others have their turn.
          await turn();
        }
      }
    } catch (error) {
      log.error(
        { ...factsOf(error), session: peer.session.id },
        'An observer could not be told what has happened.',
      );
      // It comes back and asks again; going on would leave a gap.
      peer.outlet.cut('slow');
    }
  }

  forget(peer: Peer): void {
    if (!this.#all.delete(peer)) return;
    if (this.#all.size === 0) this.#happened = [];
    if (!this.#areChangesHeard) this.#metrics.stop();
  }

  *peers(): Generator<Peer> {
    yield* this.#all.keys();
  }

  get #areChangesHeard(): boolean {
    for (const { hearsChanges } of this.#all.values()) if (hearsChanges) return true;
    return false;
  }

  #isCurrent(observation: Observation): boolean {
    return this.#all.get(observation.peer) === observation && observation.peer.outlet.isOpen;
  }

  #accepted(push: TrackedPush): void {
    if (this.#all.size === 0) return;
    this.#metrics.accepted(push);
    this.#happens(acceptedHappening(push, this.#ports.around));
  }

  #changed(changes: readonly TrackChange[], offset: number): void {
    if (!this.#areChangesHeard) return;
    this.#metrics.changed(changes);
    this.#happens(changesHappening(offset, changes, this.#ports.around));
  }

  #happens(happening: Happening): void {
    if (this.#happened.length === 0) setImmediate(() => this.#flush());
    this.#happened.push(happening);
  }

  #flush(): void {
    const happenings = this.#happened;
    this.#happened = [];
    const [first] = happenings;
    const last = happenings.at(-1)?.offset;
    if (first === undefined || last === undefined) return;
    const live = [...this.#all.values()].filter(({ isLive }) => isLive);
    const whole = live.filter(({ seesEverything, told }) => seesEverything && told < first.offset);
    this.#tellAlike(whole, happenings, last);
    for (const observation of live) if (observation.told < last) this.#tell(observation, happenings, last);
  }

  /** Encoded once for all who see everything. */
  #tellAlike(observations: readonly Observation[], happenings: readonly Happening[], last: number): void {
    const [first] = observations;
    if (first === undefined) return;
    const peers = observations.map(({ peer }) => peer);
    for (const [event, payload] of messagesOf(happenings, first.sees))
      this.#ports.broadcast(peers, event, payload);
    for (const observation of observations) {
      observation.told = last;
      observation.heard = last;
    }
  }

  /** At the pace at which it reads, so that a long absence never counts as a slow peer. */
  async #retell(observation: Observation, happenings: readonly Happening[], last: number): Promise<void> {
    const { outlet } = observation.peer;
    for (const [event, payload] of messagesOf(observation.heardOf(happenings), observation.sees)) {
      await outlet.drained();
      if (!this.#isCurrent(observation)) return;
      outlet.emit(event, payload);
      observation.heard = last;
    }
    observation.told = last;
    sayHowFar(observation);
  }

  #tell(observation: Observation, happenings: readonly Happening[], last: number): void {
    const unheard = observation.heardOf(happenings).filter(({ offset }) => offset > observation.told);
    for (const [event, payload] of messagesOf(unheard, observation.sees)) {
      observation.peer.outlet.emit(event, payload);
      observation.heard = last;
    }
    observation.told = last;
    sayHowFar(observation);
  }
}

/** Whoever sees little would else come back with an offset from long ago. */
const sayHowFar = (observation: Observation): void => {
  const { peer, told, heard } = observation;
  if (told - heard < unheardAtMost) return;
  peer.outlet.emit('track-changed', { offset: told, changes: [] });
  observation.heard = told;
};
