import { toCommTrack, type EpochMs, type ICdPushEnvelop } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import { factsOf, type Log } from '../log.ts';
import type { Peer, RunningInstance } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { Tracker } from '../tracks/tracker.ts';
import { lacking, skippedFor } from './skipped.ts';

/** Writes one payload to many peers, encoded once. */
export type Broadcast = (peers: readonly Peer[], event: string, payload: object) => void;

interface EmitPorts {
  readonly peers: Peers;
  readonly journal: Journal;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly log: Log;
  readonly broadcast: Broadcast;
}

/** Step 8: to each recipient that is there. Whoever is not finds the push in the journal when it returns. */
export class Emission {
  readonly #ports: EmitPorts;
  /** Copies that need history are made one after the other, so that none overtakes another. */
  #withHistory: Promise<void> = Promise.resolve();

  constructor(ports: EmitPorts) {
    this.#ports = ports;
  }

  emit(push: TrackedPush): void {
    const upToDate: Peer[] = [];
    const behind = new Map<string, Peer[]>();
    for (const peer of this.#connected(push)) {
      if (peer.running?.waiting !== undefined) {
        peer.running.waiting.push(push);
        continue;
      }
      const gap = peer.running === undefined ? '' : lacking(push, peer.running.held);
      if (gap === '') upToDate.push(peer);
      else behind.set(gap, [...(behind.get(gap) ?? []), peer]);
    }
    this.#send(push, upToDate, {});
    for (const peers of behind.values()) {
      this.#withHistory = this.#withHistory.then(async () => this.#sendWithHistory(push, peers));
    }
  }

  /**
   * Sends a push to one runtime that is being caught up.
   *
   * @param body the whole contents, since a delta may not fit what the runtime holds.
   */
  async catchUp(push: TrackedPush, peer: Peer, running: RunningInstance): Promise<void> {
    const skipped = await skippedFor(push, running.held, this.#ports.journal);
    this.#send(push, [peer], { ...(skipped.length === 0 ? {} : { skipped }), whole: true });
  }

  async #sendWithHistory(push: TrackedPush, peers: readonly Peer[]): Promise<void> {
    const [first] = peers;
    if (first?.running === undefined) return;
    try {
      const skipped = await skippedFor(push, first.running.held, this.#ports.journal);
      this.#send(push, peers, skipped.length === 0 ? {} : { skipped });
    } catch (error) {
      this.#ports.log.error(
        { ...factsOf(error), pushGuid: push.accepted.pushGuid },
        'A push kept its recipients waiting.',
      );
    }
  }

  #send(
    push: TrackedPush,
    peers: readonly Peer[],
    extra: { readonly skipped?: ICdPushEnvelop['pushData']['skipped']; readonly whole?: true },
  ): void {
    const { body, accepted } = push;
    const open = peers.filter(({ outlet }) => outlet.isOpen);
    if (body === undefined || open.length === 0) return;
    const { broadcast, tracker, clock } = this.#ports;
    const at = clock.now();
    const { pushData } = body.envelope;
    broadcast(open, accepted.emits, {
      ...body.envelope,
      pushData: {
        ...pushData,
        ...(extra.whole === undefined || accepted.carries !== 'patch' ? {} : { contents: body.contents }),
        ...(extra.skipped === undefined ? {} : { skipped: extra.skipped }),
        attempt: 1,
        commTrack: stamped(push, at),
      },
    });
    for (const { running } of open) {
      if (running !== undefined) tracker.moveLatest(push, running.recipient, { type: 'pushed', at });
    }
  }

  #connected(push: TrackedPush): Peer[] {
    const { peers } = this.#ports;
    return push.accepted.recipients.flatMap((recipient) => {
      const peer = peers.byRecipient(recipient);
      // A runtime that was absent when its recipients were resolved may have come in the meantime.
      return peer === undefined ? [...peers.instancesOf(recipient)] : [peer];
    });
  }
}

/** The same bytes for all: relayed and pushed carry the time of this emit. */
const stamped = ({ accepted }: TrackedPush, at: EpochMs): ICdPushEnvelop['pushData']['commTrack'] =>
  toCommTrack({ initialized: accepted.initTime, relayed: at, pushed: at });
