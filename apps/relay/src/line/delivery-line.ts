import { ok, refuse, type EpochMs, type Problem, type PushAnswer, type Result } from '@cd-push/protocol';
import type { Approver, VerifiedContent } from '@cd-push/timeline';

import type { Directory } from '../authority/directory.ts';
import type { RelayIdentity } from '../authority/relay-identity.ts';
import { payerOf } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Log } from '../log.ts';
import type { Peer } from '../peers/peer.ts';
import type { Ended } from '../peers/ended.ts';
import type { Roster } from '../nodes/roster.ts';
import type { Policies } from '../peers/policies.ts';
import type { Rate } from '../peers/rate.ts';
import { approversOf, askingFor, unapprovedBy, type Asking } from './approvals.ts';
import { authorize, type AuthorizedPush } from './authorize.ts';
import { confirm } from './confirm.ts';
import { conflictOf, fit } from './fit.ts';
import { takeHistory, type BroughtHistory } from './history.ts';
import { acceptedPush, journalPush, type Attested } from './journal.ts';
import { parsePush } from './parse.ts';
import { recognise } from './recognise.ts';
import { resolve, type Resolved } from './resolve.ts';
import { withRestored } from './restored.ts';

export interface LinePorts {
  readonly identity: RelayIdentity;
  readonly directory: Directory;
  readonly journal: Journal;
  readonly roster: Roster;
  readonly policies: Policies;
  readonly ended: Ended;
  readonly rate: Rate;
  readonly clock: Clock;
  readonly log: Log;
}

/** A push that could be promised, if as many people approve of it as its targets ask for. */
export interface PreparedPush {
  readonly contents: readonly (VerifiedContent | undefined)[];
  readonly history: BroughtHistory;
  readonly resolved: Resolved;
  readonly approvers: readonly Approver[];
  readonly asking: Asking;
}

/** What a push was before, that was proposed. */
interface Proposed {
  readonly at: EpochMs;
  readonly attested: Attested;
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
    const { identity, directory, journal } = this.#ports;

    const envelope = parsePush(event, payload);
    if (!envelope.ok) return envelope;

    const authorized = await authorize(envelope.value, sender.session, directory, identity);
    if (!authorized.ok) return authorized;
    const { session, statement, digest } = authorized.value;

    // What is not at hand is recognised when it is journaled, and nothing is read for a push that is new.
    const atHand = journal.atHand(session.tenant, statement.pushGuid);
    if (atHand !== undefined) return asDuplicate(recognise(atHand, digest));

    const taken = await this.promise(authorized.value);
    if (taken.ok) return taken;
    if (taken.problem.kind === 'journal-unavailable') return taken;
    // A repeated push may not pass today, because of its age or of what has followed it: it was accepted all the same.
    const first = await journal.find(session.tenant, statement.pushGuid);
    return first === undefined ? taken : asDuplicate(recognise(first, digest));
  }

  /**
   * Whether a push that is new could be promised now, but for approvals that it lacks; nothing is changed.
   *
   * @param takenInAt when its statement came here, which a proposal did before now.
   */
  async prepare(
    authorized: AuthorizedPush,
    at: EpochMs,
    takenInAt = at,
  ): Promise<Result<PreparedPush, Problem>> {
    const { directory, journal, roster, policies, rate } = this.#ports;
    const { statement, session } = authorized;

    const contents = await fit(authorized, journal.store, at, takenInAt);
    if (!contents.ok) return contents;

    const history = await takeHistory(
      authorized,
      contents.value,
      journal.store,
      journal.store.space(session.tenant),
      rate.stepsOf(payerOf(session)),
    );
    if (!history.ok) return history;

    const resolved = resolve(statement, session, directory, roster, policies);
    if (!resolved.ok) return resolved;

    const approvers = await approversOf(authorized, resolved.value.runtimes, this.#ports, at);
    if (!approvers.ok) return approvers;
    return ok({
      contents: contents.value,
      history: history.value,
      resolved: resolved.value,
      approvers: approvers.value,
      asking: askingFor(authorized, resolved.value.runtimes),
    });
  }

  /** How many other people have to approve of a push as things are now. */
  asked(authorized: AuthorizedPush): number {
    const { directory, roster, policies } = this.#ports;
    const resolved = resolve(authorized.statement, authorized.session, directory, roster, policies);
    return resolved.ok ? askingFor(authorized, resolved.value.runtimes).required : 0;
  }

  /**
   * Promises a push that is new, if as many people approve of it as its targets ask for.
   *
   * @param proposed of a proposal: when it came here, and what the relay said to it then.
   */
  async promise(authorized: AuthorizedPush, proposed?: Proposed): Promise<Result<Taken, Problem>> {
    const { journal, clock, log } = this.#ports;

    const at = clock.now();
    const prepared = await this.prepare(authorized, at, proposed?.at);
    if (!prepared.ok) return prepared;
    const { contents, history, resolved, approvers, asking } = prepared.value;

    const unapproved = unapprovedBy(approvers, asking);
    if (unapproved !== undefined) return refuse(unapproved);

    const accepted = await acceptedPush(
      authorized,
      contents,
      resolved.recipients,
      history.frames,
      at,
      proposed?.attested,
    );
    const sent = await withRestored(authorized.envelope.pushData.contents ?? [], accepted, journal.store);
    const appended = await journalPush(accepted, sent, history.change, journal, log);
    if (!appended.ok) return appended;

    switch (appended.value.outcome) {
      case 'repeated':
        return asDuplicate(recognise(appended.value.push, authorized.digest));
      case 'misfit':
        return refuse(conflictOf(appended.value.misfit));
      case 'appended':
        // It was on its way to its recipients the moment that it was written down.
        return ok({ push: appended.value.push, duplicate: false });
      default:
        return appended.value satisfies never;
    }
  }
}

const asDuplicate = (recognised: Result<TrackedPush, Problem>): Result<Taken, Problem> =>
  recognised.ok ? ok({ push: recognised.value, duplicate: true }) : recognised;
