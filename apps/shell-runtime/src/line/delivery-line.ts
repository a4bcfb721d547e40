import { problemOf, type Problem, type Statement, type Welcome } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';

import { misaddressed } from './check-address.ts';
import type { Gate, LinePorts } from './line-ports.ts';
import { Outcomes, type Outcome } from './outcomes.ts';
import { parsePush, reportableOf } from './parse-push.ts';
import type { TrustedPush } from './push.ts';
import { Reports, type Reported } from './reports.ts';
import { takeNotice, takeOperation } from './take-message.ts';
import { takePatch } from './take-patch.ts';
import { revokedProblem, Verifier } from './verify-push.ts';

/**
 * Stages delivered and completed of every envelope, one after the other in the order of arrival:
 * parse, verify, check the address; then versions and contents of files, or the message; apply; persist; report.
 */
export class DeliveryLine {
  readonly #ports: LinePorts;
  readonly #reports: Reports;
  readonly #verifier = new Verifier();
  readonly #outcomes = new Outcomes();
  #tail: Promise<void>;

  /** @param ready what has to be over, whether well or not, before the first envelope is taken. */
  constructor(ports: LinePorts, ready: Promise<unknown> = Promise.resolve()) {
    this.#ports = ports;
    this.#tail = ready.then(
      () => undefined,
      () => undefined,
    );
    this.#reports = new Reports(ports.link);
  }

  /** Takes what came off the wire. Settles, and never rejects, when its outcome was handed to the link. */
  receive(envelope: unknown): Promise<void> {
    const run = this.#tail.then(() => this.#take(envelope));
    this.#tail = run.catch((error: unknown) => this.#fault(envelope, error));
    return this.#tail;
  }

  welcomed(welcome: Welcome): void {
    this.#reports.welcomed();
    this.revoke(welcome.revokedSessions);
  }

  disconnected(): void {
    this.#reports.disconnected();
  }

  /** What these sessions signed is refused from now on, and not loaded at the next start. What of it runs, runs on. */
  revoke(sessions: readonly string[]): void {
    this.#ports.state
      .revoke(sessions)
      .catch((error: unknown) => console.warn('[cd-push] Not kept: a revocation.', error));
  }

  /** A push that an earlier life of this program did not survive. */
  reportCrash(reported: Reported, problem: Problem): void {
    this.#reports.failed(reported, problem);
  }

  async #take(envelope: unknown): Promise<void> {
    const { link, refuseAll, state } = this.#ports;
    if (refuseAll !== undefined) return this.#refuse(envelope, refuseAll);
    const parsed = parsePush(envelope);
    if (!parsed.ok) return this.#refuse(envelope, parsed.problem);
    const before = this.#outcomes.of(parsed.value.statement, parsed.value.attempt);
    if (before !== undefined) return this.#repeat(envelope, before);

    const self = link.self();
    const verified = await this.#verifier.verify(parsed.value, self.trust);
    if (!verified.ok) return this.#refuse(envelope, verified.problem);
    const push = verified.value;
    const { session } = push.certificate;
    const fault = state.isRevoked(session)
      ? revokedProblem(session)
      : misaddressed(push.statement, push.certificate, self);
    if (fault !== undefined) return this.#refuse(envelope, fault);
    return this.#dispatch(push);
  }

  async #dispatch(push: TrustedPush): Promise<void> {
    const reported = reportedOf(push);
    let delivered = false;
    const gate: Gate = {
      passed: () => push.accepted,
      delivered: () => {
        delivered = true;
        this.#reports.delivered(reported);
      },
    };
    const settle = (outcome: Outcome): void => {
      // What was refused before it could have had an effect is looked at anew: the next copy may bring what was missing.
      if (delivered) this.#outcomes.remember(push.parsed.statement, push.parsed.attempt, outcome);
      this.#settle(push, outcome);
    };
    const { statement } = push;
    switch (statement.kind) {
      case 'patch':
        return settle(await takePatch({ ...push, statement }, this.#ports, this.#verifier, gate));
      case 'notice':
        return settle(await takeNotice({ ...push, statement }, this.#ports, gate));
      case 'operation': {
        const taken = await takeOperation({ ...push, statement }, this.#ports, gate);
        if (!('finished' in taken)) return settle(taken);
        taken.finished.then(settle, (error: unknown) =>
          settle({ completed: false, problem: internal(error) }),
        );
        return;
      }
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
  async #repeat(envelope: unknown, outcome: Outcome): Promise<void> {
    const reported = await named(envelope);
    if (reported === undefined) return;
    if (outcome.completed) this.#reports.completed(reported);
    else this.#reports.failed(reported, outcome.problem);
  }

  async #refuse(envelope: unknown, problem: Problem): Promise<void> {
    const reported = await named(envelope);
    if (reported !== undefined) this.#reports.failed(reported, problem);
    this.#ports.events.failed(problem, [], false);
  }

  async #fault(envelope: unknown, error: unknown): Promise<void> {
    console.error('[cd-push] The delivery line broke off.', error);
    await this.#refuse(envelope, internal(error)).catch(() => undefined);
  }
}

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
