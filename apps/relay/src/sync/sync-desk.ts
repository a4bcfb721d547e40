import {
  limits,
  ok,
  parse,
  ProblemError,
  problemOf,
  refuse,
  type AuditEntry,
  type ConnectChallenge,
  type ConnectProofAnswer,
  type Grant,
  type Problem,
  type Result,
  type SyncTurn,
  type SyncTurnAnswer,
} from '@cd-push/protocol';
import { isUnreachable } from '@cd-push/store';
import {
  newSeed,
  openSession,
  Relations,
  Responder,
  Selections,
  SessionSigner,
  SessionVerifier,
  thumbprintOf,
  type MergeSteps,
  type Space,
  type SpaceChange,
  type SyncGate,
} from '@cd-push/timeline';

import { Challenges } from '../authority/challenges.ts';
import type { RelayIdentity } from '../authority/relay-identity.ts';
import { payerOf, type Session } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import { factsOf, type Log } from '../log.ts';
import type { JournalReads } from '../journal/journal.ts';
import { isRuntimePeer, type Peer } from '../peers/peer.ts';
import { Turns } from '../peers/turns.ts';
import { manifestMixture, type DeployedFrames } from './manifest-mixture.ts';
import { MovedTimelines } from './moved-timelines.ts';
import { RuntimeOpenings } from './runtime-openings.ts';
import { runtimeGateOf } from './runtime-gate.ts';
import { syncBounds, SyncLoad, type SyncBounds } from './sync-bounds.ts';
import { gateOf } from './sync-gate.ts';

interface SyncPorts {
  /** @param auditOf rows of the audit that go with a change. */
  readonly spaceOf: (tenant: string, auditOf?: (change: SpaceChange) => readonly AuditEntry[]) => Space;
  /** Called when rows of the audit are written. */
  readonly audited: () => void;
  /** Told of what is refused. */
  readonly refused: (session: Session, problem: Problem) => void;
  /** Says whose contents are whose, and which frames pushes have put in place. */
  readonly contents: Pick<JournalReads, 'uploads' | 'resourcesWith'> & DeployedFrames;
  readonly identity: RelayIdentity;
  /** Hears of the work that is done for a sender, and ends it where that is too much. */
  readonly stepsOf: (payer: string) => MergeSteps;
  readonly clock: Clock;
  readonly log: Log;
  readonly bounds?: SyncBounds | undefined;
}

/** What came of a turn. `ended`: the connection is no good any more, and is cut once the problem was told. */
export type TurnOutcome =
  | { readonly outcome: 'answered'; readonly answer: SyncTurnAnswer; readonly bytes: number }
  | { readonly outcome: 'refused' | 'ended'; readonly problem: Problem };

/** A connection that synchronises, and what ends it if it does not end by itself. */
interface Line {
  readonly responder: Responder;
  cancelDeadline: (() => void) | undefined;
  cancelIdle: (() => void) | undefined;
}

/** What is kept of a tenant's space beside it. */
interface KeptOfSpace {
  readonly relations: Relations;
  readonly selections: Selections;
}

/** Answers the turns of every connection that synchronises timelines with its tenant's. */
export class SyncDesk {
  readonly #ports: SyncPorts;
  readonly #bounds: SyncBounds;
  readonly #load: SyncLoad;
  readonly #lines = new Map<string, Line>();
  readonly #kept = new Map<string, KeptOfSpace>();
  readonly #openings: RuntimeOpenings;
  readonly #turns = new Turns();

  constructor(ports: SyncPorts) {
    this.#ports = ports;
    this.#bounds = ports.bounds ?? syncBounds;
    this.#load = new SyncLoad(this.#bounds);
    const { identity, clock } = ports;
    // Which sessions have connected is remembered of the latest ones: those of runtimes displace nobody's.
    this.#openings = new RuntimeOpenings({ challenges: new Challenges(identity, clock), clock });
  }

  /** Connections that are known here, sagas that are under way, bytes that wait, and sessions that are to be proven. */
  get counts(): {
    readonly lines: number;
    readonly sagas: number;
    readonly bytes: number;
    readonly openings: number;
  } {
    const { sagas, bytes } = this.#load;
    return { lines: this.#lines.size, sagas, bytes, openings: this.#openings.size };
  }

  /** What a runtime's session has to reveal, on a connection that is open. */
  open(payload: unknown, peer: Peer): Promise<Result<ConnectChallenge, Problem>> {
    return this.#turns.take(peer.id, async () =>
      isRuntimePeer(peer) ? this.#openings.open(payload, peer) : refuse(notARuntime),
    );
  }

  /** Takes a runtime's session up that has revealed it, in the place of the one before. */
  prove(payload: unknown, peer: Peer): Promise<Result<ConnectProofAnswer, Problem>> {
    return this.#turns.take(peer.id, async () => {
      if (!isRuntimePeer(peer)) return refuse(notARuntime);
      const proven = await this.#openings.prove(payload, peer);
      if (!proven.ok) return proven;
      if (!peer.outlet.isOpen) return refuse(problemOf('unavailable'));
      this.leave(peer);
      peer.keystone = proven.value;
      return ok({ session: proven.value.session });
    });
  }

  /** One turn, as it came. Those of a connection are answered one at a time. */
  async turn(payload: unknown, peer: Peer): Promise<TurnOutcome> {
    const turn = parse('SyncTurn', payload);
    if (!turn.ok) return { outcome: 'refused', problem: turn.problem };
    const { session } = peer;
    if (session.kind === 'user' ? session.acting === undefined : peer.keystone === undefined) {
      return { outcome: 'refused', problem: problemOf('forbidden', { detail: bySession }) };
    }
    const limited = this.#load.take(peer.id, payerOf(session), bytesIn(turn.value));
    if (limited !== undefined) return this.#ended(peer, limited);
    return this.#turns.take(peer.id, () => this.#take(turn.value, peer));
  }

  /** The connection is gone, or good for no further turn: two sides that do not agree on what was signed last never will. */
  leave(peer: Peer): void {
    const line = this.#lines.get(peer.id);
    this.#lines.delete(peer.id);
    this.#load.release(peer.id);
    this.#openings.leave(peer);
    peer.keystone = undefined;
    if (line === undefined) return;
    stopClocks(line);
    line.responder.close();
  }

  async #take(turn: SyncTurn, peer: Peer): Promise<TurnOutcome> {
    const { clock, log } = this.#ports;
    try {
      const line = await this.#lineOf(peer);
      line.cancelIdle?.();
      line.cancelDeadline ??= clock.after(this.#bounds.deadlineMs, () => this.#drop(peer, 'deadline'));
      const answer = await line.responder.answer(turn);
      const { says } = answer.context;
      if (says.stage === 'refused') {
        const { kind } = says.problem;
        log.info({ kind, subject: peer.session.subject }, 'A synchronisation was refused.');
        this.#ports.refused(peer.session, says.problem);
      }
      if (line.responder.isIdle) {
        stopClocks(line);
        this.#load.release(peer.id);
      } else {
        this.#load.settle(peer.id, line.responder.waitingBytes);
        line.cancelIdle = clock.after(this.#bounds.idleMs, () => this.#drop(peer, 'idle'));
      }
      return { outcome: 'answered', answer, bytes: bytesIn(turn) + bytesIn(answer) };
    } catch (error) {
      if (error instanceof ProblemError) return this.#ended(peer, error.problem);
      this.leave(peer);
      throw error;
    }
  }

  #ended(peer: Peer, problem: Problem): TurnOutcome {
    const { kind, path } = problem;
    this.#ports.log.info({ kind, path, subject: peer.session.subject }, 'A connection synchronises no more.');
    this.#ports.refused(peer.session, problem);
    this.leave(peer);
    // A runtime's connection rests on its credential, and goes on being pushed to.
    return { outcome: isRuntimePeer(peer) ? 'refused' : 'ended', problem };
  }

  /** Whoever is silent in the middle of a saga has to open another session: a person, by another connection. */
  #drop(peer: Peer, why: 'idle' | 'deadline'): void {
    this.#ports.log.info({ why, subject: peer.session.subject }, 'A synchronisation was given up.');
    this.leave(peer);
    if (isRuntimePeer(peer)) return;
    peer.outlet.cut('unproven', problemOf('timeout', { detail: 'The synchronisation took too long.' }));
  }

  async #lineOf(peer: Peer): Promise<Line> {
    const known = this.#lines.get(peer.id);
    if (known !== undefined) return known;
    const { keystone } = peer;
    const { identity, clock, log, spaceOf, audited, stepsOf } = this.#ports;
    const { seal } = identity;
    if (keystone === undefined || seal === undefined) {
      throw new ProblemError(problemOf('unavailable', { retryAfter: 1 }));
    }
    const own = await openSession({
      identity: await thumbprintOf(seal.key.publicKey),
      key: seal.key,
      seed: newSeed(),
      nonce: keystone.tip,
      pools: {},
    });
    if (!peer.outlet.isOpen) throw new ProblemError(problemOf('unavailable'));
    const { tenant } = peer.session;
    const moved = new MovedTimelines();
    const space = spaceOf(tenant, (change) => {
      const rows = moved.rowsOf(change, peer.session, clock.now());
      if (rows.length > 0) audited();
      return rows;
    });
    const responder = new Responder({
      space,
      ...this.#keptOf(tenant),
      mergeSteps: stepsOf(payerOf(peer.session)),
      signing: {
        signer: new SessionSigner(own, { isNew: true }),
        verifier: new SessionVerifier(keystone, () => clock.now()),
      },
      verify: (quarantined) => manifestMixture(quarantined, tenant, this.#ports.contents),
      gate: moved.watched(this.#gateOf(peer, keystone.scope.grants)),
      explain: (error) => {
        if (isUnreachable(error)) return problemOf('journal-unavailable', { retryAfter: 1 });
        log.error(factsOf(error), 'A synchronisation failed.');
        return undefined;
      },
    });
    const line: Line = { responder, cancelDeadline: undefined, cancelIdle: undefined };
    this.#lines.set(peer.id, line);
    return line;
  }

  #gateOf(peer: Peer, granted: readonly Grant[]): SyncGate {
    return isRuntimePeer(peer)
      ? runtimeGateOf(() => peer.session, granted)
      : gateOf(() => peer.session, this.#ports.contents);
  }

  #keptOf(tenant: string): KeptOfSpace {
    const known = this.#kept.get(tenant);
    if (known !== undefined) return known;
    const kept = { relations: new Relations(this.#ports.spaceOf(tenant)), selections: new Selections() };
    this.#kept.set(tenant, kept);
    return kept;
  }
}

const bySession = 'Only a session of an identity synchronises, or one that a runtime has opened for it.';
const notARuntime = problemOf('forbidden', {
  detail: 'A runtime opens a session to synchronise; a person’s connection has one.',
});

const stopClocks = (line: Line): void => {
  line.cancelIdle?.();
  line.cancelDeadline?.();
  line.cancelIdle = undefined;
  line.cancelDeadline = undefined;
};

/** About as many as the objects of a turn will have; what they have is counted when they have come. */
const bytesIn = ({ objects }: Pick<SyncTurn, 'objects'>): number => {
  let bytes = 0;
  for (const object of objects) {
    if ('json' in object) bytes += object.json.length;
    else if ('text' in object) bytes += object.text.length;
    else bytes += 'piece' in object ? object.piece.length : object.base64.length;
  }
  return Math.min(bytes, limits.frameBytes);
};
