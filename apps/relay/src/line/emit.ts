import { credentialOf, toCommTrack, type EpochMs, type ICdPushEnvelop } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { TrackChange } from '../journal/follower.ts';
import type { Pack, Parcel } from '../journal/parcel.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import { covers, isRunningPeer, type Due, type Peer, type RunningPeer } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { Policies } from '../peers/policies.ts';
import type { Tracker } from '../tracks/tracker.ts';
import { lacking } from './skipped.ts';

/** Writes one payload to many peers of this node, encoded once; `bytes` come right behind it, as they are. */
export type Broadcast = (peers: readonly Peer[], event: string, payload: object, bytes?: Uint8Array) => void;

/** What of a push differs from copy to copy. */
interface Copy {
  readonly parcel: Parcel | Pack;
  readonly attempt: number;
  readonly isCatchUp: boolean;
}

/** Sends single runtimes what goes not to all alike; see `CatchUps`. */
interface Sending {
  send(peer: RunningPeer, due: Due): void;
}

interface EmitPorts {
  readonly peers: Peers;
  readonly tracker: Tracker;
  readonly policies: Policies;
  readonly clock: Clock;
  readonly broadcast: Broadcast;
}

/**
 * Step 8: to each recipient that is connected here, in the order of the journal. Whoever is not finds the push in the
 * journal when it returns; whoever needs more than all others get is sent its own copy by its catch-up.
 */
export class Emission {
  readonly #ports: EmitPorts;

  constructor(ports: EmitPorts) {
    this.#ports = ports;
  }

  /** A push was accepted, on this node or another. */
  accepted(push: TrackedPush, parcel: Parcel | undefined, catchUps: Sending): void {
    const direct: RunningPeer[] = [];
    for (const peer of this.#recipients(push)) {
      if (this.#isHeld(peer) || covers(peer.running, push.offset)) continue;
      const isDirect =
        peer.running.waiting === undefined &&
        parcel !== undefined &&
        fits(push, parcel, peer) &&
        !push.isToBeTakenBy(peer.running.recipient);
      if (isDirect) direct.push(peer);
      else catchUps.send(peer, { offset: push.offset, isCatchUp: false, isRetry: false });
    }
    if (parcel !== undefined) {
      this.write(push, direct, { parcel, attempt: 1, isCatchUp: false });
    }
    for (const peer of this.#siblings(push))
      catchUps.send(peer, { offset: push.offset, isCatchUp: true, isRetry: false });
  }

  /** A further attempt was opened, on this node or another. */
  written(changes: readonly TrackChange[], catchUps: Sending): void {
    for (const { push, recipient, track } of changes) {
      if (track.attempt === 1 || track.state.stage !== 'relayed') continue;
      for (const peer of this.#at(recipient)) {
        if (!this.#isHeld(peer))
          catchUps.send(peer, { offset: push.offset, isCatchUp: false, isRetry: true });
      }
    }
  }

  /** Whether somebody here is written to directly, so that what is sent has to be at hand. */
  isDirect(push: TrackedPush): boolean {
    return this.#recipients(push).some(({ running }) => running.waiting === undefined);
  }

  /** Writes one copy to peers and takes down that it was. */
  write(push: TrackedPush, peers: readonly RunningPeer[], copy: Copy): void {
    const { accepted, offset } = push;
    const open = peers.filter(({ outlet }) => outlet.isOpen);
    if (open.length === 0) return;
    const { broadcast, tracker, clock } = this.#ports;
    const at = clock.now();
    const { parcel, attempt, isCatchUp } = copy;
    const own = { ...(isCatchUp ? { isCatchUp } : {}), offset, attempt };
    if ('bytes' in parcel) {
      const commTrack = { relayTime: at, pushTime: at };
      const pushData = { ...own, commTrack };
      broadcast(open, accepted.emits, { ...parcel.frame, pushData }, parcel.bytes);
    } else {
      const { envelope, contents } = parcel;
      const withContents = accepted.carries === 'patch' ? { contents } : {};
      broadcast(open, accepted.emits, {
        ...envelope,
        pushData: { ...envelope.pushData, ...withContents, ...own, commTrack: stamped(push, at) },
      });
    }
    for (const { running } of open) {
      if (push.entryOf(running.recipient) === undefined) running.untracked.set(accepted.pushGuid, offset);
      else tracker.move(push, running.recipient, attempt, { type: 'pushed', at });
    }
  }

  #isHeld({ session }: RunningPeer): boolean {
    return this.#ports.policies.of(session.runtime).hold;
  }

  #recipients(push: TrackedPush): RunningPeer[] {
    return push.accepted.recipients.flatMap((recipient) => this.#at(recipient));
  }

  #at(recipient: TrackedPush['accepted']['recipients'][number]): RunningPeer[] {
    const { peers } = this.#ports;
    const peer = peers.byRecipient(recipient);
    // A runtime that was absent when its recipients were resolved may have come in the meantime.
    const found = peer === undefined ? peers.instancesOf(recipient) : [peer];
    return found.filter(isRunningPeer);
  }

  /**
   * Instances that joined while the recipients were being resolved, and are none: they get the state, as whoever joins
   * later does.
   */
  #siblings(push: TrackedPush): RunningPeer[] {
    const { accepted } = push;
    if (accepted.carries !== 'patch') return [];
    const siblings = new Set<RunningPeer>();
    for (const recipient of accepted.recipients) {
      for (const peer of this.#ports.peers.instancesOf(credentialOf(recipient))) {
        if (!isRunningPeer(peer) || this.#isHeld(peer) || covers(peer.running, push.offset)) continue;
        if (push.entryOf(peer.running.recipient) === undefined) siblings.add(peer);
      }
    }
    return [...siblings];
  }
}

/** Whether a copy that is the same for all explains itself to this runtime. */
const fits = (push: TrackedPush, { contents }: Parcel, { running }: RunningPeer): boolean => {
  const { held } = running;
  if (lacking(push, held) !== '') return false;
  return (push.accepted.signed?.patches ?? []).every(({ resource, from }, index) => {
    const content = contents[index];
    if (content?.encoding !== 'delta') return true;
    const have = held.get(from ?? resource);
    // What is served with the base is not at hand there.
    return have !== undefined && have.version > 0 && have.digest === content.base;
  });
};

/** The same bytes for all: relayed and pushed carry the time of this emit. */
const stamped = ({ accepted }: TrackedPush, at: EpochMs): ICdPushEnvelop['pushData']['commTrack'] =>
  toCommTrack({ initialized: accepted.initTime, relayed: at, pushed: at });
