import {
  epochMs,
  parse,
  problemKinds,
  problemOf,
  type Acknowledgement,
  type PatchHead,
  type Problem,
  type TrackEvent,
} from '@cd-push/protocol';

import { untrackedFailureEntry } from '../audit/entries.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import { factsOf, type Log } from '../log.ts';
import { isRuntimePeer, type Held, type Peer, type RunningInstance } from '../peers/peer.ts';
import type { Tracker } from './tracker.ts';

export type AcknowledgementEvent = 'push-ack' | 'push-msg-complete' | 'push-msg-fail';

/** UTF-16 units kept of each text in a problem that a runtime reports. */
const reportedText = 16_384;

/**
 * Takes a runtime's word about a push. It counts for the recipient that the connection is bound to, for the attempt and
 * the statement that it names, and only forward; anything else changes nothing.
 */
export class Acknowledgements {
  readonly #journal: Journal;
  readonly #tracker: Tracker;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(journal: Journal, tracker: Tracker, clock: Clock, log: Log) {
    this.#journal = journal;
    this.#tracker = tracker;
    this.#clock = clock;
    this.#log = log;
  }

  /** Answers what was wrong with it, if it is worth telling: a repeated or late one is not. */
  async take(event: AcknowledgementEvent, payload: unknown, peer: Peer): Promise<Problem | undefined> {
    if (!isRuntimePeer(peer)) {
      return problemOf('forbidden', { detail: 'Only a runtime acknowledges pushes.' });
    }
    const { running } = peer;
    if (running === undefined) {
      return problemOf('invalid-request', { detail: 'A runtime says runtime-hello before anything else.' });
    }
    const parsed = event === 'push-msg-fail' ? parse('Failure', payload) : parse('Acknowledgement', payload);
    if (!parsed.ok) return parsed.problem;
    const acknowledgement = parsed.value;
    const { pushGuid } = acknowledgement;
    let push: TrackedPush | undefined;
    try {
      push = await this.#journal.find(peer.session.tenant, pushGuid);
    } catch (error) {
      this.#log.warn(factsOf(error), 'An acknowledgement could not be looked up.');
      // It comes back, and says what it holds; this word of it would be lost.
      peer.outlet.cut('slow');
      return undefined;
    }
    if (push === undefined || push.entryOf(running.recipient) === undefined) {
      return this.#ofNoRecipient(event, acknowledgement, push, running);
    }
    if (acknowledgement.statement !== push.accepted.digest) return otherStatement();
    if (event === 'push-msg-complete') hold(running.held, push);
    this.#tracker.move(
      push,
      running.recipient,
      acknowledgement.attempt,
      this.#eventOf(event, acknowledgement),
    );
    return undefined;
  }

  /**
   * A runtime that was sent the state, as whoever joins later is, answers as any other, and moves nobody's track. To
   * everybody else a push that is not theirs and one that does not exist look alike.
   */
  #ofNoRecipient(
    event: AcknowledgementEvent,
    { pushGuid, statement, problem }: Acknowledgement & { problem?: Problem },
    push: TrackedPush | undefined,
    running: RunningInstance,
  ): Problem | undefined {
    if (push === undefined || !running.untracked.has(pushGuid)) {
      const detail = 'No push under this guid was sent to this runtime.';
      return problemOf('not-found', { path: '/pushGuid', detail });
    }
    if (statement !== push.accepted.digest) return otherStatement();
    if (event === 'push-ack') return undefined;
    running.untracked.delete(pushGuid);
    if (event === 'push-msg-complete') hold(running.held, push);
    else {
      const failure = shortened(problem ?? problemOf('apply-failed'));
      this.#journal.audit(
        untrackedFailureEntry(push.accepted, running.recipient, failure, this.#clock.now()),
      );
    }
    return undefined;
  }

  #eventOf(
    event: AcknowledgementEvent,
    acknowledgement: Acknowledgement & { problem?: Problem },
  ): TrackEvent {
    // A clock that runs ahead does not date anything after it was heard of here.
    const at = epochMs(Math.min(acknowledgement.at, this.#clock.now()));
    switch (event) {
      case 'push-ack':
        return { type: 'delivered', at };
      case 'push-msg-complete':
        return { type: 'completed', at };
      case 'push-msg-fail':
        return {
          type: 'failed',
          at,
          problem: shortened(acknowledgement.problem ?? problemOf('apply-failed')),
        };
      default:
        return event satisfies never;
    }
  }
}

const otherStatement = (): Problem =>
  problemOf('invalid-request', {
    path: '/statement',
    detail: 'This is not the digest of the statement that was sent.',
  });

const hold = (held: Map<string, Held>, push: TrackedPush): void => {
  for (const patch of push.accepted.signed?.patches ?? []) {
    holdPatch(held, patch);
  }
};

const holdPatch = (held: Map<string, Held>, { resource, version, digest, from }: PatchHead): void => {
  if ((held.get(resource)?.version ?? 0) < version) held.set(resource, { version, digest });
  if (from !== undefined && (held.get(from)?.version ?? 0) < version)
    held.set(from, { version, digest: null });
};

/** A problem comes from the app's own code: of any length, and of kinds that only a later runtime knows. */
const shortened = ({ kind, title, ...problem }: Problem): Problem => {
  const details = {
    detail: problem.detail?.slice(0, reportedText),
    path: problem.path?.slice(0, reportedText),
    resource: problem.resource?.slice(0, reportedText),
    stack: problem.stack?.slice(0, reportedText),
    current: problem.current,
  };
  return Object.hasOwn(problemKinds, kind)
    ? problemOf(kind, details)
    : { ...problemOf('apply-failed', details), title: title.slice(0, reportedText) };
};
