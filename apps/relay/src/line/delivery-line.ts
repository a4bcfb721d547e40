import { ok, refuse, type Problem, type PushAnswer, type Result } from '@cd-push/protocol';

import type { Directory } from '../authority/directory.ts';
import type { RelayIdentity } from '../authority/relay-identity.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Log } from '../log.ts';
import type { Peer } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { Tracker } from '../tracks/tracker.ts';
import { authorize } from './authorize.ts';
import { confirm } from './confirm.ts';
import type { Emission } from './emit.ts';
import { conflictOf, fit } from './fit.ts';
import { acceptedPush, journalPush } from './journal.ts';
import { parsePush } from './parse.ts';
import { recognise } from './recognise.ts';
import { resolve } from './resolve.ts';
import { supersede } from './supersede.ts';

export interface LinePorts {
  readonly identity: RelayIdentity;
  readonly directory: Directory;
  readonly journal: Journal;
  readonly peers: Peers;
  readonly tracker: Tracker;
  readonly emission: Emission;
  readonly clock: Clock;
  readonly log: Log;
}

/** What came of a push at the end of the line. */
interface Taken {
  readonly push: TrackedPush;
  readonly duplicate: boolean;
}

/** The way of one push, in the order in which it happens. Every step answers a result; this is where one is given. */
export class DeliveryLine {
  readonly #ports: LinePorts;

  constructor(ports: LinePorts) {
    this.#ports = ports;
  }

  /** Takes what a peer sent under an event's name, and answers it. */
  async push(event: string, payload: unknown, sender: Peer): Promise<PushAnswer> {
    const taken = await this.#take(event, payload, sender);
    return taken.ok
      ? confirm(taken.value.push, taken.value.duplicate)
      : { status: false, error: taken.problem };
  }

  async #take(event: string, payload: unknown, sender: Peer): Promise<Result<Taken, Problem>> {
    const { identity, directory, journal, peers, tracker, emission, clock, log } = this.#ports;

    const envelope = parsePush(event, payload);
    if (!envelope.ok) return envelope;

    const authorized = await authorize(envelope.value, sender.session, directory, identity);
    if (!authorized.ok) return authorized;
    const { session, statement, digest } = authorized.value;

    const first = await journal.find(session.tenant, statement.pushGuid);
    if (first !== undefined) return asDuplicate(recognise(first, digest));

    const at = clock.now();
    const contents = await fit(authorized.value, journal, at);
    if (!contents.ok) return contents;

    const recipients = resolve(statement, session, directory, peers);
    if (!recipients.ok) return recipients;

    const accepted = await acceptedPush(authorized.value, contents.value, recipients.value, at);
    const appended = await journalPush(accepted, journal, log);
    if (!appended.ok) return appended;

    switch (appended.value.outcome) {
      case 'repeated':
        return asDuplicate(recognise(appended.value.push, digest));
      case 'misfit':
        return refuse(conflictOf(appended.value.misfit));
      case 'appended': {
        const { push, overtaken } = appended.value;
        for (const recipient of recipients.value)
          tracker.moveLatest(push, recipient, { type: 'relayed', at });
        emission.emit(push);
        supersede(overtaken, tracker, at);
        return ok({ push, duplicate: false });
      }
      default:
        return appended.value satisfies never;
    }
  }
}

const asDuplicate = (recognised: Result<TrackedPush, Problem>): Result<Taken, Problem> =>
  recognised.ok ? ok({ push: recognised.value, duplicate: true }) : recognised;
