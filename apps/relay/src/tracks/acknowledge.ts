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

import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import { isRuntimePeer, type Held, type Peer } from '../peers/peer.ts';
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

  constructor(journal: Journal, tracker: Tracker, clock: Clock) {
    this.#journal = journal;
    this.#tracker = tracker;
    this.#clock = clock;
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
    const push = await this.#journal.find(peer.session.tenant, acknowledgement.pushGuid);
    // Its push may have been settled long ago, or be somebody else's: the two look alike.
    if (push === undefined) return undefined;
    const isRecipient = push.entryOf(running.recipient) !== undefined;
    if (acknowledgement.statement !== push.accepted.digest) {
      // To whom it was not addressed it is somebody else's.
      if (!isRecipient) return undefined;
      const detail = 'This is not the digest of the statement that was sent.';
      return problemOf('invalid-request', { path: '/statement', detail });
    }
    if (event === 'push-msg-complete') hold(running.held, push);
    this.#tracker.move(
      push,
      running.recipient,
      acknowledgement.attempt,
      this.#eventOf(event, acknowledgement),
    );
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
