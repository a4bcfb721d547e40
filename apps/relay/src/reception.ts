import { ok, problemOf, ProblemError, type Problem, type Result } from '@cd-push/protocol';

import { refusedEntry } from './audit/entries.ts';
import { isUnreachable } from '@cd-push/store';

import { getAudit } from './audit/get-audit.ts';
import { namedIn, pushGuidIn } from './audit/named-in.ts';
import type { Refusals } from './audit/refusals.ts';
import type { Directory } from './authority/directory.ts';
import type { Introspections } from './authority/introspections.ts';
import type { RelayIdentity } from './authority/relay-identity.ts';
import type { Challenges } from './authority/challenges.ts';
import { authorityOf, payerOf, type Session } from './authority/session.ts';
import { greet, type HelloPorts } from './catch-up/hello.ts';
import { LegacyDialect } from './doors/legacy-dialect.ts';
import type { Admitted, Reception } from './doors/socket-io-door.ts';
import type { Edits } from './edits/edits.ts';
import type { DeliveryLine } from './line/delivery-line.ts';
import { factsOf } from './log.ts';
import { observe, type ObservePorts } from './observe/observe.ts';
import type { Peer } from './peers/peer.ts';
import type { SessionExpiry } from './peers/expiry.ts';
import { costOf, costOfCatchUp } from './peers/costs.ts';
import { costOfBytes, type Rate } from './peers/rate.ts';
import { Turns } from './peers/turns.ts';
import { getPolicies } from './policy/get-policies.ts';
import type { PolicyBook } from './policy/policy-book.ts';
import { setPolicy, type SetPolicyPorts } from './policy/set-policy.ts';
import type { Proposals } from './proposals/proposals.ts';
import { getChanges } from './queries/get-changes.ts';
import { getHeads } from './queries/get-heads.ts';
import { getHistory } from './queries/get-history.ts';
import { getPush } from './queries/get-push.ts';
import { getSource } from './queries/get-source.ts';
import { getTrack } from './queries/get-track.ts';
import { listPushes } from './queries/list-pushes.ts';
import { listTargets } from './queries/list-targets.ts';
import { listTimelines } from './queries/list-timelines.ts';
import { renewSession } from './queries/renew-session.ts';
import { retryPush, type RetryPorts } from './queries/retry-push.ts';
import type { SyncDesk } from './sync/sync-desk.ts';
import type { Acknowledgements } from './tracks/acknowledge.ts';

export interface ReceptionPorts extends HelloPorts, ObservePorts, RetryPorts, SetPolicyPorts {
  readonly introspections: Introspections;
  readonly identity: RelayIdentity;
  readonly challenges: Challenges;
  readonly directory: Directory;
  readonly policies: PolicyBook;
  readonly line: DeliveryLine;
  readonly acknowledgements: Acknowledgements;
  readonly expiry: SessionExpiry;
  /** Of sessions: pushes and queries. */
  readonly rate: Rate;
  /** Of connections: acknowledgements. */
  readonly acknowledged: Rate;
  readonly refusals: Refusals;
  readonly sync: SyncDesk;
  readonly edits: Edits;
  readonly proposals: Proposals;
  /** Undefined where existing clients may not connect. */
  readonly legacy: LegacyDialect | undefined;
}

/** What came of a message: a value for whoever waits for one, a problem, or nothing to say. */
type Outcome =
  | { readonly kind: 'answer'; readonly value: object; readonly afterwards?: () => void }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly afterwards?: () => void }
  | { readonly kind: 'silent' };

/** Longest token that is worth asking the api about. */
const tokenLength = 8_192;

/** Receives peers and their messages, whichever door they came through. The one place that answers. */
export class RelayReception implements Reception {
  readonly #ports: ReceptionPorts;
  /** Questions of one session that read much, and hellos of one connection, are answered one at a time. */
  readonly #turns = new Turns();
  readonly #changes = new Turns();

  constructor(ports: ReceptionPorts) {
    this.#ports = ports;
  }

  async admit(token: string | undefined, genesis: unknown): Promise<Admitted | { problem: Problem }> {
    const known = await this.#know(token);
    if ('problem' in known) return known;
    const { session } = known;
    if (session.kind !== 'user' || session.acting === undefined) return { session, challenge: undefined };
    const challenge = await this.#ports.challenges.of(authorityOf(session.acting), genesis);
    return challenge.ok ? { session, challenge: challenge.value } : { problem: challenge.problem };
  }

  async #know(token: string | undefined): Promise<{ session: Session } | { problem: Problem }> {
    if (token === undefined || token.length > tokenLength) return { problem: problemOf('unauthenticated') };
    if (!this.#ports.policies.isRead) return { problem: problemOf('unavailable', { retryAfter: 1 }) };
    try {
      const session = await this.#ports.introspections.ask(token);
      return session !== undefined && this.#isOurs(session)
        ? { session }
        : { problem: problemOf('unauthenticated') };
    } catch (error) {
      this.#ports.log.warn(factsOf(error), 'A token could not be introspected.');
      return { problem: error instanceof ProblemError ? error.problem : problemOf('unavailable') };
    }
  }

  /**
   * Who a token stands for, for whoever comes with a single request: the session as it stands now. Where the api cannot be
   * reached, who was let in before with the same token is who it was, as on a connection that lasts.
   */
  async vouch(token: string | undefined): Promise<{ session: Session } | { problem: Problem }> {
    const admitted = await this.#know(token);
    const vouched = 'session' in admitted ? admitted.session : this.#letInBefore(token, admitted.problem);
    if (vouched === undefined) return admitted;
    const session = this.#current(vouched);
    if (session === undefined) return { problem: problemOf('session-revoked') };
    return session.expiresAt > this.#ports.clock.now()
      ? { session }
      : { problem: problemOf('session-expired') };
  }

  #letInBefore(token: string | undefined, { retryable }: Problem): Session | undefined {
    const known = retryable && token !== undefined ? this.#ports.introspections.last(token) : undefined;
    return known !== undefined && this.#isOurs(known) ? known : undefined;
  }

  /** A relay serves the tenant whose issuer it is certified by, and no other. */
  #isOurs({ tenant }: Session): boolean {
    return tenant === this.#ports.identity.seal?.root.tenant;
  }

  enter(peer: Peer): void {
    const { peers, expiry, directory } = this.#ports;
    peers.add(peer);
    const session = this.#current(peer.session);
    if (session === undefined) {
      peer.outlet.cut('revoked');
      return;
    }
    peer.session = session;
    if (session.kind === 'runtime') directory.meetRuntime(session.runtime);
    expiry.watch(peer);
  }

  /** A session as what was heard since it was asked about leaves it; undefined where it was ended. */
  #current(session: Session): Session | undefined {
    const { introspections, ended } = this.#ports;
    const isOver =
      ended.sessions.has(session.id) ||
      (session.kind === 'user' && ended.sessions.has(session.acting?.identity ?? '')) ||
      (session.kind === 'runtime' && ended.runtimes.has(session.runtime.guid));
    return isOver ? undefined : introspections.current(session);
  }

  leave(peer: Peer): void {
    const { peers, expiry, absence, legacy, observers, edits, sync } = this.#ports;
    expiry.forget(peer);
    sync.leave(peer);
    edits.forget(peer);
    observers.forget(peer);
    legacy?.leave(peer);
    const wasReachable = peers.remove(peer);
    if (wasReachable && peer.running !== undefined) absence.left(peer.session.tenant, peer.running.recipient);
  }

  refused({ session }: Peer, event: string, problem: Problem): void {
    if (this.#isPush(event)) this.#ports.refusals.note(session, problem, {});
  }

  #isPush(event: string): boolean {
    const { directory, legacy } = this.#ports;
    return directory.trigger(event) !== undefined || legacy?.speaks(event) === true;
  }

  async receive(
    peer: Peer,
    event: string,
    payload: unknown,
    answer: ((value: object) => void) | undefined,
  ): Promise<void> {
    const outcome = await this.#outcomeOf(peer, event, payload);
    switch (outcome.kind) {
      case 'answer':
        answer?.(outcome.value);
        outcome.afterwards?.();
        return;
      case 'problem':
        try {
          if (answer === undefined) peer.outlet.emit('problem', outcome.problem);
          else answer({ status: false, error: outcome.problem });
        } finally {
          outcome.afterwards?.();
        }
        return;
      case 'silent':
        return;
      default:
        outcome satisfies never;
    }
  }

  async #outcomeOf(peer: Peer, event: string, payload: unknown): Promise<Outcome> {
    try {
      return await this.#handle(peer, event, payload);
    } catch (error) {
      if (error instanceof ProblemError) return { kind: 'problem', problem: error.problem };
      if (isUnreachable(error)) {
        this.#ports.log.warn({ event: event.slice(0, 128) }, 'The journal could not be read.');
        return { kind: 'problem', problem: problemOf('journal-unavailable', { retryAfter: 1 }) };
      }
      this.#ports.log.error(
        { ...factsOf(error), event: event.slice(0, 128) },
        'A message could not be handled.',
      );
      return { kind: 'problem', problem: problemOf('internal') };
    }
  }

  async #handle(peer: Peer, event: string, payload: unknown): Promise<Outcome> {
    const { acknowledgements, acknowledged, rate, refusals } = this.#ports;
    switch (event) {
      case 'push-ack':
      case 'push-msg-complete':
      case 'push-msg-fail': {
        const flooded = acknowledged.take(peer.id);
        if (flooded !== undefined) {
          // It comes back and says what it holds; one word of it left out would be lost.
          peer.outlet.cut('rate', flooded);
          return { kind: 'silent' };
        }
        const problem = await acknowledgements.take(event, payload, peer);
        return problem === undefined ? { kind: 'silent' } : { kind: 'problem', problem };
      }
      default: {
        const limited = rate.take(payerOf(peer.session), costOf(event, payload));
        if (limited === undefined) return this.#inTurn(peer, event, payload);
        if (this.#isPush(event)) refusals.note(peer.session, limited, pushGuidIn(payload));
        return { kind: 'problem', problem: limited };
      }
    }
  }

  #inTurn(peer: Peer, event: string, payload: unknown): Promise<Outcome> {
    const ask = (): Promise<Outcome> =>
      peer.outlet.isOpen ? this.#ask(peer, event, payload) : Promise.resolve({ kind: 'silent' });
    switch (event) {
      case 'runtime-hello':
      case 'save-edit':
      case 'list-timelines':
        return this.#turns.take(peer.id, ask);
      case 'observe':
      case 'list-pushes':
      case 'get-history':
      case 'get-changes':
      case 'get-audit':
        return this.#turns.take(payerOf(peer.session), ask);
      case 'set-policy':
        // What one change does not give stays as the one before has left it.
        return this.#changes.take(peer.session.tenant, ask);
      default:
        return this.#ask(peer, event, payload);
    }
  }

  async #ask(peer: Peer, event: string, payload: unknown): Promise<Outcome> {
    const { journal, around, heads, policies, directory, rate } = this.#ports;
    const { session } = peer;
    const charge = (cost: number): void => rate.charge(payerOf(session), cost);
    switch (event) {
      case 'runtime-hello': {
        const greeting = await greet(payload, peer, this.#ports);
        if (!greeting.ok) return { kind: 'problem', problem: greeting.problem };
        const { welcome, follow } = greeting.value;
        charge(costOfCatchUp(welcome.catchUp));
        return { ...answered(welcome), afterwards: follow };
      }
      case 'observe': {
        const begun = await observe(payload, peer, this.#ports);
        if (!begun.ok) return { kind: 'problem', problem: begun.problem };
        const { answer, follow } = begun.value;
        return { ...answered(answer), afterwards: follow };
      }
      case 'get-heads':
        return outcomeOf(await getHeads(payload, session, journal));
      case 'list-targets':
        return outcomeOf(listTargets(payload, session, this.#ports));
      case 'get-track':
        return outcomeOf(await getTrack(payload, session, journal, around));
      case 'get-push':
        return outcomeOf(await getPush(payload, session, journal, around));
      case 'list-pushes':
        return outcomeOf(await listPushes(payload, session, journal, around, charge));
      case 'get-history':
        return outcomeOf(await getHistory(payload, session, journal, charge));
      case 'get-changes':
        return outcomeOf(await getChanges(payload, session, journal, charge));
      case 'get-source':
        return outcomeOf(await getSource(payload, session, journal, charge));
      case 'retry-push':
        return outcomeOf(await retryPush(payload, session, this.#ports));
      case 'propose-push': {
        const proposed = await this.#ports.proposals.propose(payload, session);
        return proposed.ok ? answered(proposed.value) : this.#refused(proposed.problem, payload, peer);
      }
      case 'list-proposals':
        return outcomeOf(await this.#ports.proposals.list(payload, session));
      case 'get-proposal':
        return outcomeOf(await this.#ports.proposals.get(payload, session));
      case 'approve-push':
        return outcomeOf(await this.#ports.proposals.approve(payload, session));
      case 'withdraw-proposal':
        return outcomeOf(await this.#ports.proposals.withdraw(payload, session));
      case 'set-policy':
        return outcomeOf(await setPolicy(payload, session, this.#ports));
      case 'get-policies':
        return outcomeOf(getPolicies(payload, session, directory, policies));
      case 'get-audit':
        return outcomeOf(await getAudit(payload, session, journal.store.audit, heads));
      case 'save-edit':
        return outcomeOf(await this.#ports.edits.save(payload, peer));
      case 'accept-edits':
        return outcomeOf(await this.#ports.edits.accept(payload, peer));
      case 'settle-edit':
        return outcomeOf(await this.#ports.edits.settle(payload, peer));
      case 'renew-session':
        return this.#renew(payload, peer);
      case 'list-timelines':
        return outcomeOf(await listTimelines(payload, session, journal.store, charge));
      case 'open-sync':
        return outcomeOf(await this.#ports.sync.open(payload, peer));
      case 'connect-proof':
        return outcomeOf(await this.#ports.sync.prove(payload, peer));
      case 'sync-turn':
        return this.#synchronise(payload, peer);
      default:
        return this.#push(peer, event, payload);
    }
  }

  async #synchronise(payload: unknown, peer: Peer): Promise<Outcome> {
    const { sync, rate } = this.#ports;
    const taken = await sync.turn(payload, peer);
    switch (taken.outcome) {
      case 'answered':
        rate.charge(payerOf(peer.session), costOfBytes(taken.bytes));
        return answered(taken.answer);
      case 'refused':
        return { kind: 'problem', problem: taken.problem };
      case 'ended':
        // It comes back with another session.
        return { kind: 'problem', problem: taken.problem, afterwards: () => peer.outlet.cut('unproven') };
      default:
        return taken satisfies never;
    }
  }

  async #renew(payload: unknown, peer: Peer): Promise<Outcome> {
    const { introspections, expiry, directory } = this.#ports;
    const renewed = await renewSession(payload, peer.session, (token) => introspections.ask(token));
    if (!renewed.ok) return { kind: 'problem', problem: renewed.problem };
    const session = this.#current(renewed.value);
    if (session === undefined) return { kind: 'problem', problem: problemOf('session-revoked') };
    // The connection stays filed under the session that it was opened with.
    peer.session = { ...session, id: peer.session.id };
    if (session.kind === 'runtime') directory.meetRuntime(session.runtime);
    expiry.watch(peer);
    return answered({ expiresAt: peer.session.expiresAt });
  }

  async #push(peer: Peer, event: string, payload: unknown): Promise<Outcome> {
    const { directory, line, legacy } = this.#ports;
    const decoded = legacy === undefined ? ok(payload) : LegacyDialect.decode(payload);
    if (!decoded.ok) return { kind: 'problem', problem: decoded.problem };
    if (legacy?.speaks(event) === true) {
      const taken = await legacy.receive(event, decoded.value, peer);
      if (!taken.ok) return this.#refused(taken.problem, decoded.value, peer);
      const { answer, afterwards } = taken.value;
      return { kind: 'answer', value: answer, ...(afterwards === undefined ? {} : { afterwards }) };
    }
    if (directory.trigger(event) === undefined) {
      const detail = 'Nothing is registered under this event name.';
      const problem = problemOf('unknown-trigger', { path: '/pushData/triggerEvent', detail });
      return this.#refused(problem, decoded.value, peer);
    }
    const answer = await line.push(event, decoded.value, peer);
    return answer.status
      ? { kind: 'answer', value: answer }
      : this.#refused(answer.error, decoded.value, peer);
  }

  async #refused(problem: Problem, payload: unknown, { session }: Peer): Promise<Outcome> {
    const { journal, clock, log } = this.#ports;
    const { kind, path } = problem;
    log.info({ kind, path, session: session.id, subject: session.subject }, 'A push was refused.');
    journal.audit(refusedEntry(session, problem, await namedIn(payload), clock.now()));
    return { kind: 'problem', problem };
  }
}

const answered = (value: object) => ({ kind: 'answer', value: { status: true, ...value } }) as const;

const outcomeOf = (result: Result<object, Problem>): Outcome =>
  result.ok ? answered(result.value) : { kind: 'problem', problem: result.problem };
