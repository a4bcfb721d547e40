import {
  problemOf,
  type JournalOffset,
  type Problem,
  type SignedAuditHead,
  type Statement,
  type Welcome,
} from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';

import { misaddressed } from './check-address.ts';
import { JournalProgress, type Arrival } from './journal-progress.ts';
import type { Ledger } from './ledger.ts';
import type { Gate, LinePorts } from './line-ports.ts';
import { Outcomes, type Outcome } from './outcomes.ts';
import { parsePush, reportableOf } from './parse-push.ts';
import type { TrustedPush } from './push.ts';
import { Reports, type Reported } from './reports.ts';
import type { Taken } from './take-message.ts';
import { takePatch } from './take-patch.ts';
import { revokedProblem, Verifier } from './verify-push.ts';

/**
 * Stages delivered and completed of every envelope, one after the other in the order of arrival:
 * parse, verify, check the address; then versions and contents of files, or the message; apply; persist; report.
 */
export class DeliveryLine {
  readonly #ports: LinePorts;
  readonly #reports: Reports;
  readonly #verifier: Verifier;
  readonly #outcomes = new Outcomes();
  #ledger: Ledger | undefined;
  readonly #progress: JournalProgress;
  #tail: Promise<void>;
  #heads: Promise<void> = Promise.resolve();

  /** @param ready what has to be over, whether well or not, before the first envelope is taken. */
  constructor(ports: LinePorts, ready: Promise<unknown> = Promise.resolve()) {
    this.#ports = ports;
    this.#tail = ready.then(
      () => undefined,
      () => undefined,
    );
    this.#verifier = new Verifier(ports.state);
    this.#reports = new Reports(ports.link);
    this.#progress = new JournalProgress(ports.state.followedBefore);
    for (const { problem, ...reported } of ports.state.interrupted) {
      if (problem !== null) this.#reports.failed(reported, problem);
    }
  }

  /** How far this instance has followed the relay's journal; null where it never did. */
  get journal(): JournalOffset | null {
    return this.#progress.at;
  }

  /** Takes what came off the wire. Settles, and never rejects, when its outcome was handed to the link. */
  receive(envelope: unknown): Promise<void> {
    const arrival = this.#progress.arrived(envelope);
    const run = this.#tail.then(() => this.#take(envelope, arrival));
    this.#tail = run.catch((error: unknown) => this.#fault(envelope, arrival, error));
    return this.#tail;
  }

  welcomed(welcome: Welcome): void {
    this.#reports.welcomed();
    this.revoke(welcome.revokedSessions);
    this.#progress.welcomed(welcome);
    this.#follow(this.#progress.at);
    this.auditHeads(welcome.auditHeads);
  }

  /** Where the audit stands by the relay's word: kept, so that it cannot be cut behind this runtime's back. */
  auditHeads(told: readonly SignedAuditHead[]): void {
    const { link, state } = this.#ports;
    const keep = async (): Promise<void> => {
      const { laterHeads } = await import('./audit-heads.ts');
      const heads = await laterHeads(state.auditHeads, told, link.self().trust);
      if (heads !== undefined) await state.keepAuditHeads(heads);
    };
    this.#heads = kept(this.#heads.then(keep), 'heads of the audit');
  }

  disconnected(): void {
    this.#reports.disconnected();
    this.#progress.disconnected();
  }

  /** What these sessions, and sessions of these identities, have signed is refused from now on, and not loaded at the next start. What of it runs, runs on. */
  revoke(sessions: readonly string[]): void {
    void kept(this.#ports.state.revoke(sessions), 'a revocation');
  }

  /** A push that an earlier life of this program did not survive. */
  reportCrash(reported: Reported, problem: Problem): void {
    this.#reports.failed(reported, problem);
  }

  async #take(envelope: unknown, arrival: Arrival): Promise<void> {
    const { link, refuseAll, state } = this.#ports;
    if (refuseAll !== undefined) return this.#refuse(envelope, refuseAll, arrival);
    const parsed = parsePush(envelope);
    if (!parsed.ok) return this.#refuse(envelope, parsed.problem, arrival);
    const before = this.#outcomes.of(parsed.value.statement, parsed.value.attempt);
    if (before !== undefined) return this.#repeat(envelope, before, arrival);

    const self = link.self();
    const verified = await this.#verifier.verify(parsed.value, self.trust);
    if (!verified.ok) return this.#refuse(envelope, verified.problem, arrival);
    const push = verified.value;
    const fault = state.isRevoked(push.certificate)
      ? revokedProblem(push.certificate.session)
      : (misaddressed(push.statement, push.certificate, self) ??
        (await this.#verifier.unapproved(push, self)));
    if (fault !== undefined) return this.#refuse(envelope, fault, arrival);
    return this.#dispatch(push, arrival);
  }

  async #dispatch(push: TrustedPush, arrival: Arrival): Promise<void> {
    const reported = reportedOf(push);
    let delivered: 'no' | 'untold' | 'told' = 'no';
    const gate: Gate = {
      passed: () => push.accepted,
      delivered: (runsCode) => {
        delivered = runsCode ? 'told' : 'untold';
        if (runsCode) this.#reports.delivered(reported);
      },
    };
    const settle = (outcome: Outcome): void => {
      // It was not answered, so that the relay sends it again once it is reached.
      if (!outcome.completed && outcome.isCutOff === true && !arrival.isConnected) return;
      // What was refused before it could have had an effect is looked at anew: the next copy may bring what was missing.
      if (delivered !== 'no') this.#outcomes.remember(push.parsed.statement, push.parsed.attempt, outcome);
      if (delivered === 'untold' && !outcome.completed) this.#reports.delivered(reported);
      this.#settle(push, outcome);
      this.#follow(arrival.settled());
    };
    const { statement } = push;
    if (statement.kind === 'patch') {
      return settle(await takePatch({ ...push, statement }, this.#ports, this.#verifier, gate, arrival));
    }
    // Most runtimes are sent files alone.
    const [{ Ledger }, { takeNotice, takeOperation }] = await Promise.all([
      import('./ledger.ts'),
      import('./take-message.ts'),
    ]);
    const message = { ledger: (this.#ledger ??= new Ledger(this.#ports.state)), gate, arrival };
    switch (statement.kind) {
      case 'notice':
        return settleMessage(await takeNotice({ ...push, statement }, this.#ports, message), settle);
      case 'operation':
        return settleMessage(await takeOperation({ ...push, statement }, this.#ports, message), settle);
      default:
        return statement satisfies never;
    }
  }

  #settle(push: TrustedPush, outcome: Outcome): void {
    const { statement } = push;
    if (outcome.completed) return this.#reports.completed(reportedOf(push));
    this.#reports.failed(reportedOf(push), outcome.problem);
    this.#ports.events.failed(outcome.problem, resourcesOf(statement), statement.silent);
  }

  /** The same attempt again: the same answer, without effect. */
  async #repeat(envelope: unknown, outcome: Outcome, arrival: Arrival): Promise<void> {
    const reported = await named(envelope);
    if (reported !== undefined) {
      if (outcome.completed) this.#reports.completed(reported);
      else this.#reports.failed(reported, outcome.problem);
    }
    this.#follow(arrival.settled());
  }

  async #refuse(envelope: unknown, problem: Problem, arrival: Arrival): Promise<void> {
    const reported = await named(envelope);
    if (reported !== undefined) this.#reports.failed(reported, problem);
    this.#ports.events.failed(problem, [], false);
    this.#follow(arrival.settled());
  }

  async #fault(envelope: unknown, arrival: Arrival, error: unknown): Promise<void> {
    console.error('[cd-push] The delivery line broke off.', error);
    await this.#refuse(envelope, internal(error), arrival).catch(() => undefined);
  }

  #follow(journal: JournalOffset | null): void {
    if (journal !== null) void kept(this.#ports.state.followed(journal), 'the place in the journal');
  }
}

/** What runs is true without the record as well. */
const kept = (writing: Promise<void>, what: string): Promise<void> =>
  writing.catch((error: unknown) => console.warn(`[cd-push] Not kept: ${what}.`, error));

/** What has begun may take its time: the line goes on meanwhile. */
const settleMessage = (taken: Taken, settle: (outcome: Outcome) => void): void => {
  if (!('finished' in taken)) return settle(taken);
  taken.finished.then(settle, (error: unknown) => settle({ completed: false, problem: internal(error) }));
};

const reportedOf = ({ parsed, statement, digest }: TrustedPush): Reported => ({
  pushGuid: statement.pushGuid,
  attempt: parsed.attempt,
  statement: digest,
});

/** A refused envelope is not believed, but its sender wants to hear of it under the name that it gave. */
const named = async (envelope: unknown): Promise<Reported | undefined> => {
  const reportable = reportableOf(envelope);
  return reportable && { ...reportable, statement: await digestOf(reportable.statement) };
};

const resourcesOf = (statement: Statement): readonly string[] =>
  statement.kind === 'patch' ? statement.patches.map(({ resource }) => resource) : [];

const internal = (error: unknown): Problem =>
  problemOf('internal', { detail: error instanceof Error ? error.message : String(error) });
