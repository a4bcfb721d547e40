import { ok, problemOf, ProblemError, type Problem } from '@cd-push/protocol';

import type { Directory } from './authority/directory.ts';
import type { Introspections } from './authority/introspections.ts';
import type { RelayIdentity } from './authority/relay-identity.ts';
import type { Session } from './authority/session.ts';
import { greet, type HelloPorts } from './catch-up/hello.ts';
import { LegacyDialect } from './doors/legacy-dialect.ts';
import type { Reception } from './doors/socket-io-door.ts';
import type { DeliveryLine } from './line/delivery-line.ts';
import { factsOf } from './log.ts';
import type { Peer } from './peers/peer.ts';
import type { SessionExpiry } from './peers/expiry.ts';
import type { Rate } from './peers/rate.ts';
import { getHeads } from './queries/get-heads.ts';
import { getTrack } from './queries/get-track.ts';
import { listTargets } from './queries/list-targets.ts';
import { renewSession } from './queries/renew-session.ts';
import type { Acknowledgements } from './tracks/acknowledge.ts';

export interface ReceptionPorts extends HelloPorts {
  readonly introspections: Introspections;
  readonly identity: RelayIdentity;
  readonly directory: Directory;
  readonly line: DeliveryLine;
  readonly acknowledgements: Acknowledgements;
  readonly expiry: SessionExpiry;
  readonly rate: Rate;
  /** Undefined where existing clients may not connect. */
  readonly legacy: LegacyDialect | undefined;
}

/** What came of a message: a value for whoever waits for one, a problem, or nothing to say. */
type Outcome =
  | { readonly kind: 'answer'; readonly value: object; readonly afterwards?: () => void }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'silent' };

/** Longest token that is worth asking the api about. */
const tokenLength = 8_192;

/** Receives peers and their messages, whichever door they came through. The one place that answers. */
export class RelayReception implements Reception {
  readonly #ports: ReceptionPorts;

  constructor(ports: ReceptionPorts) {
    this.#ports = ports;
  }

  async admit(token: string | undefined): Promise<{ session: Session } | { problem: Problem }> {
    if (token === undefined || token.length > tokenLength) return { problem: problemOf('unauthenticated') };
    try {
      const session = await this.#ports.introspections.ask(token);
      // A relay serves the tenant whose issuer it is certified by, and no other.
      const isOurs = session !== undefined && session.tenant === this.#ports.identity.seal?.root.tenant;
      return isOurs ? { session } : { problem: problemOf('unauthenticated') };
    } catch (error) {
      this.#ports.log.warn(factsOf(error), 'A token could not be introspected.');
      return { problem: error instanceof ProblemError ? error.problem : problemOf('unavailable') };
    }
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
      (session.kind === 'runtime' && ended.runtimes.has(session.runtime.guid));
    return isOver ? undefined : introspections.current(session);
  }

  leave(peer: Peer): void {
    const { peers, expiry, absence, legacy } = this.#ports;
    expiry.forget(peer);
    legacy?.leave(peer);
    const wasReachable = peers.remove(peer);
    if (wasReachable && peer.running !== undefined) absence.left(peer.session.tenant, peer.running.recipient);
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
        if (answer === undefined) peer.outlet.emit('problem', outcome.problem);
        else answer({ status: false, error: outcome.problem });
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
      this.#ports.log.error(
        { ...factsOf(error), event: event.slice(0, 128) },
        'A message could not be handled.',
      );
      return { kind: 'problem', problem: problemOf('internal') };
    }
  }

  async #handle(peer: Peer, event: string, payload: unknown): Promise<Outcome> {
    const { acknowledgements } = this.#ports;
    switch (event) {
      case 'push-ack':
      case 'push-msg-complete':
      case 'push-msg-fail': {
        const problem = await acknowledgements.take(event, payload, peer);
        return problem === undefined ? { kind: 'silent' } : { kind: 'problem', problem };
      }
      default: {
        const limited = this.#ports.rate.take(peer.session.id);
        return limited === undefined
          ? this.#ask(peer, event, payload)
          : { kind: 'problem', problem: limited };
      }
    }
  }

  async #ask(peer: Peer, event: string, payload: unknown): Promise<Outcome> {
    const { journal, directory, peers } = this.#ports;
    const { session } = peer;
    switch (event) {
      case 'runtime-hello': {
        const greeting = await greet(payload, peer, this.#ports);
        if (!greeting.ok) return { kind: 'problem', problem: greeting.problem };
        const { welcome, follow } = greeting.value;
        return { kind: 'answer', value: { status: true, ...welcome }, afterwards: follow };
      }
      case 'get-heads': {
        const heads = await getHeads(payload, session, journal);
        return heads.ok ? answered(heads.value) : { kind: 'problem', problem: heads.problem };
      }
      case 'list-targets': {
        const targets = listTargets(payload, session, directory, peers);
        return targets.ok ? answered(targets.value) : { kind: 'problem', problem: targets.problem };
      }
      case 'get-track': {
        const track = await getTrack(payload, session, journal, peers);
        return track.ok ? answered(track.value) : { kind: 'problem', problem: track.problem };
      }
      case 'renew-session':
        return this.#renew(payload, peer);
      default:
        return this.#push(peer, event, payload);
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
    const { directory, line, legacy, log } = this.#ports;
    const decoded = legacy === undefined ? ok(payload) : LegacyDialect.decode(payload);
    if (!decoded.ok) return { kind: 'problem', problem: decoded.problem };
    if (legacy?.speaks(event) === true) {
      const taken = await legacy.receive(event, decoded.value, peer);
      if (!taken.ok) return { kind: 'problem', problem: taken.problem };
      const { answer, afterwards } = taken.value;
      return { kind: 'answer', value: answer, ...(afterwards === undefined ? {} : { afterwards }) };
    }
    if (directory.trigger(event) === undefined) {
      const detail = 'Nothing is registered under this event name.';
      return {
        kind: 'problem',
        problem: problemOf('unknown-trigger', { path: '/pushData/triggerEvent', detail }),
      };
    }
    const answer = await line.push(event, decoded.value, peer);
    if (answer.status) return { kind: 'answer', value: answer };
    const { kind, path } = answer.error;
    log.info({ kind, path, session: peer.session.id, subject: peer.session.subject }, 'A push was refused.');
    return { kind: 'problem', problem: answer.error };
  }
}

const answered = (value: object): Outcome => ({ kind: 'answer', value: { status: true, ...value } });
