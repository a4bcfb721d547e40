import { isSettled, type StageTimes } from '@cd-push/protocol';

import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Emission } from '../line/emit.ts';
import { NotInJournal, readParcel } from '../line/parcels.ts';
import { factsOf, type Log } from '../log.ts';
import { covers, type Due, type Held, type RunningInstance, type RunningPeer } from '../peers/peer.ts';
import { lacksOf, type LackPorts, type Lacks } from './lacks.ts';
import { Packs } from './packs.ts';

interface CatchUpPorts extends LackPorts {
  readonly emission: Emission;
  readonly log: Log;
}

/** Pushes that may be accepted while a runtime is being caught up; one that falls further behind is cut as slow. */
const waitingAtMost = 4_096;
/** Most lack nothing that is named one by one. */
const nothing: ReadonlySet<number> = new Set();
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * Brings single runtimes up to date: each is sent what it lacks, one push after the other and in order, at the pace at
 * which it reads. What is accepted meanwhile waits in the same line, until the runtime is written to directly again.
 */
export class CatchUps {
  readonly #ports: CatchUpPorts;
  readonly #packs: Packs;
  /** Runtimes that are being sent what waits for them. */
  readonly #active = new WeakSet<RunningInstance>();
  /** What may wait for a runtime, where that is more than usual. */
  readonly #bounds = new WeakMap<RunningInstance, number>();
  /** Runtimes of which it is being found out anew what they lack: nothing is sent until that is known. */
  readonly #finding = new WeakMap<RunningInstance, symbol>();
  /** What was taken for a runtime and not sent to it yet: its track is ahead of it. */
  readonly #taken = new WeakMap<RunningInstance, Set<number>>();
  /** Runtimes of which it has to be found out anew as soon as their hello was answered. */
  readonly #outdated = new WeakSet<RunningInstance>();

  constructor(ports: CatchUpPorts) {
    this.#ports = ports;
    this.#packs = new Packs(ports.journal.store);
  }

  /** What a runtime lacks by what it says it holds, in order; tracks that this settles are settled. */
  lackedBy(peer: RunningPeer): Promise<Lacks> {
    return lacksOf(peer, this.#ports);
  }

  /**
   * Sends what a runtime lacks, and then what was accepted since.
   *
   * @throws as {@link again}.
   */
  async begin(peer: RunningPeer, lacks: Lacks): Promise<void> {
    this.#line(peer, lacks);
    if (this.#outdated.delete(peer.running)) await this.again(peer);
  }

  /**
   * Finds out anew what a runtime lacks, and sends what of it was not sent yet: what kept it from being sent is over.
   *
   * @throws what the store threw.
   */
  async again(peer: RunningPeer): Promise<void> {
    const { running } = peer;
    if (running.covered === undefined) {
      this.#outdated.add(running);
      return;
    }
    // What is accepted meanwhile comes after it, and nothing that is named in it goes out before.
    running.waiting ??= [];
    const turn = Symbol('again');
    this.#finding.set(running, turn);
    let lacks: Lacks | undefined;
    try {
      lacks = await lacksOf(
        peer,
        this.#ports,
        (push) => this.#taken.get(running)?.has(push.offset) !== true && wasSent(push, running),
      );
    } finally {
      // Another that began later knows more.
      const isLast = this.#finding.get(running) === turn && this.#finding.delete(running);
      if (isLast && peer.running === running) {
        if (lacks === undefined) this.#start(peer);
        else this.#line(peer, lacks);
      }
    }
  }

  /** Has what a runtime lacks sent before what waits for it. */
  #line(peer: RunningPeer, { upTo, offsets }: Lacks): void {
    const { running } = peer;
    const lacking = new Set(offsets);
    const besides = offsets.filter((offset) => offset > upTo);
    running.covered = { upTo, besides: besides.length === 0 ? nothing : new Set(besides) };
    const later = (running.waiting ?? []).filter(
      ({ offset, isRetry }) => !lacking.has(offset) && (isRetry || !covers(running, offset)),
    );
    const first = offsets.map((offset) => ({ offset, isCatchUp: true, isRetry: false }));
    running.waiting = [...first, ...later].toSorted((a, b) => a.offset - b.offset);
    this.#bounds.set(running, offsets.length + waitingAtMost);
    this.#start(peer);
  }

  /** Sends a push after whatever waits for this runtime. */
  send(peer: RunningPeer, due: Due): void {
    const { running } = peer;
    if (running.waiting === undefined) {
      running.waiting = [due];
      this.#start(peer);
      return;
    }
    running.waiting.push(due);
    // It reads slower than is accepted; what it lacks is found anew when it is back.
    if (running.waiting.length > (this.#bounds.get(running) ?? waitingAtMost)) peer.outlet.cut('slow');
  }

  #start(peer: RunningPeer): void {
    const { running } = peer;
    if (this.#active.has(running)) return;
    this.#active.add(running);
    void this.#run(peer, running);
  }

  async #run(peer: RunningPeer, running: RunningInstance): Promise<void> {
    const { clock } = this.#ports;
    /** What the runtime will hold of the files that were sent in this run, if it takes them. */
    const expected = new Map<string, Held>();
    let pauseMs = firstPauseMs;
    for (;;) {
      const due = this.#next(peer, running);
      if (due === undefined) return;
      if (await this.#tried(due, peer, running, expected)) {
        pauseMs = firstPauseMs;
        continue;
      }
      running.waiting?.unshift(due);
      if (this.#finding.has(running)) continue;
      const wait = pauseMs;
      await new Promise<void>((resolve) => {
        clock.after(wait, resolve);
      });
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  /** What is sent next; undefined where that is nothing, and the run is over. */
  #next(peer: RunningPeer, running: RunningInstance): Due | undefined {
    // A hello that is said again begins anew.
    const isOver = !peer.outlet.isOpen || peer.running !== running;
    const isHeld = this.#isHeld(peer);
    const isFinding = this.#finding.has(running);
    const due = isOver || isHeld || isFinding ? undefined : running.waiting?.shift();
    if (due !== undefined) return due;
    this.#active.delete(running);
    // It is begun anew with what is found, and until then everything waits for that.
    if (isFinding) return undefined;
    // What is held stays owed, and is found anew when that is lifted.
    running.isCaughtUp = !isHeld || (running.isCaughtUp && (running.waiting ?? []).length === 0);
    running.waiting = undefined;
    return undefined;
  }

  /** Answers whether there is no more to do about it. */
  async #tried(
    due: Due,
    peer: RunningPeer,
    running: RunningInstance,
    expected: Map<string, Held>,
  ): Promise<boolean> {
    const { log } = this.#ports;
    try {
      // One at a time, so that a long catch-up never counts as a slow peer.
      await peer.outlet.drained();
      return await this.#sendOne(due, peer, running, expected);
    } catch (error) {
      const facts = { ...factsOf(error), recipient: running.recipient, offset: due.offset };
      // Trying again would not bring what is not there; what follows is sent all the same.
      const isHopeless = error instanceof NotInJournal;
      if (isHopeless) log.error(facts, 'A push cannot be sent.');
      else log.warn(facts, 'A runtime could not be caught up yet.');
      return isHopeless;
    }
  }

  /** Answers whether there is no more to do about it. */
  async #sendOne(
    { offset, isCatchUp }: Due,
    peer: RunningPeer,
    running: RunningInstance,
    expected: Map<string, Held>,
  ): Promise<boolean> {
    const { journal, emission } = this.#ports;
    const { held, recipient } = running;
    const [push] = await journal.at([offset]);
    if (push === undefined) throw new NotInJournal('A push is owed that is not in the journal.');
    const parcel =
      push.accepted.carries === 'patch'
        ? await this.#packs.for(push, { reported: held, expected })
        : await readParcel(push, journal.store);
    const attempt = push.entryOf(recipient)?.track.attempt ?? 1;
    if (!this.#isHeld(peer) && !(await this.#isItsTurn(push, running))) return true;
    if (peer.running !== running) return true;
    if (this.#finding.has(running)) return false;
    if (this.#isHeld(peer)) {
      running.isCaughtUp = false;
      return true;
    }
    this.#taken.get(running)?.delete(offset);
    emission.write(push, [peer], { parcel, attempt, isCatchUp });
    for (const { resource, from, version, digest } of push.accepted.signed?.patches ?? []) {
      if (from !== undefined) expected.set(from, { version, digest: null });
      expected.set(resource, { version, digest });
    }
    return true;
  }

  /**
   * Whether a push is for this instance. A message to a credential as a whole has one effect: the first instance takes it,
   * which is written down before it is sent, so that no other does, at whichever node it comes in.
   */
  async #isItsTurn(push: TrackedPush, running: RunningInstance): Promise<boolean> {
    const { journal, tracker, clock } = this.#ports;
    const { recipient } = running;
    if (push.accepted.carries === 'patch') return true;
    if (!push.isOpenFor(recipient)) return false;
    if (!push.isToBeTakenBy(recipient) || push.isTakenBy(recipient)) return true;
    const taken = this.#taken.get(running) ?? new Set<number>();
    this.#taken.set(running, taken.add(push.offset));
    tracker.moveLatest(push, recipient, { type: 'pushed', at: clock.now() });
    await journal.flushed();
    // Another node may have written before, which is heard of in its order.
    await journal.look();
    return push.isTakenBy(recipient);
  }

  #isHeld({ session }: RunningPeer): boolean {
    return this.#ports.policies.of(session.runtime).hold;
  }
}

/** Whether a push was written on this connection, so that it is on its way, or answered. */
const wasSent = (
  push: TrackedPush,
  { recipient, untracked, isCaughtUp, since }: RunningInstance,
): boolean => {
  const entry = push.entryOf(recipient);
  if (entry === undefined) return untracked.has(push.accepted.pushGuid);
  const { state } = entry.track;
  if (state.stage === 'relayed') return false;
  const { pushed }: StageTimes = state.times;
  return isCaughtUp || (!isSettled(state) && pushed !== undefined && pushed >= since);
};
