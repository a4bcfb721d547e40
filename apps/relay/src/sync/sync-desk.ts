import {
  limits,
  parse,
  ProblemError,
  problemOf,
  type Problem,
  type SyncTurn,
  type SyncTurnAnswer,
} from '@cd-push/protocol';
import { isUnreachable } from '@cd-push/store';
import {
  newSeed,
  openSession,
  Relations,
  Responder,
  SessionSigner,
  SessionVerifier,
  thumbprintOf,
  type Space,
} from '@cd-push/timeline';

import type { RelayIdentity } from '../authority/relay-identity.ts';
import { payerOf } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import { factsOf, type Log } from '../log.ts';
import type { JournalReads } from '../journal/journal.ts';
import type { Peer } from '../peers/peer.ts';
import { Turns } from '../peers/turns.ts';
import { syncBounds, SyncLoad, type SyncBounds } from './sync-bounds.ts';
import { gateOf } from './sync-gate.ts';

interface SyncPorts {
  readonly spaceOf: (tenant: string) => Space;
  /** Says whose contents are whose. */
  readonly contents: Pick<JournalReads, 'uploads' | 'resourcesWith'>;
  readonly identity: RelayIdentity;
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

/** Answers the turns of every connection that synchronises timelines with its tenant's. */
export class SyncDesk {
  readonly #ports: SyncPorts;
  readonly #bounds: SyncBounds;
  readonly #load: SyncLoad;
  readonly #lines = new Map<string, Line>();
  readonly #relations = new Map<string, Relations>();
  readonly #turns = new Turns();

  constructor(ports: SyncPorts) {
    this.#ports = ports;
    this.#bounds = ports.bounds ?? syncBounds;
    this.#load = new SyncLoad(this.#bounds);
  }

  /** Connections that are known here, sagas that are under way, and bytes that wait. */
  get counts(): { readonly lines: number; readonly sagas: number; readonly bytes: number } {
    return { lines: this.#lines.size, sagas: this.#load.sagas, bytes: this.#load.bytes };
  }

  /** One turn, as it came. Those of a connection are answered one at a time. */
  async turn(payload: unknown, peer: Peer): Promise<TurnOutcome> {
    const turn = parse('SyncTurn', payload);
    if (!turn.ok) return { outcome: 'refused', problem: turn.problem };
    const { session } = peer;
    if (session.kind !== 'user' || session.acting === undefined) {
      const detail = 'Only a session of an identity synchronises.';
      return { outcome: 'refused', problem: problemOf('forbidden', { detail }) };
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
    this.leave(peer);
    return { outcome: 'ended', problem };
  }

  /** Whoever is silent in the middle of a saga is cut: it comes back with another session. */
  #drop(peer: Peer, why: 'idle' | 'deadline'): void {
    this.#ports.log.info({ why, subject: peer.session.subject }, 'A synchronisation was given up.');
    this.leave(peer);
    peer.outlet.cut('unproven', problemOf('timeout', { detail: 'The synchronisation took too long.' }));
  }

  async #lineOf(peer: Peer): Promise<Line> {
    const known = this.#lines.get(peer.id);
    if (known !== undefined) return known;
    const { keystone } = peer;
    const { identity, clock, log, spaceOf, contents } = this.#ports;
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
    const space = spaceOf(tenant);
    const responder = new Responder({
      space,
      relations: this.#relationsOf(tenant, space),
      signing: {
        signer: new SessionSigner(own, { isNew: true }),
        verifier: new SessionVerifier(keystone, () => clock.now()),
      },
      gate: gateOf(() => peer.session, contents),
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

  #relationsOf(tenant: string, space: Space): Relations {
    const known = this.#relations.get(tenant) ?? new Relations(space);
    this.#relations.set(tenant, known);
    return known;
  }
}

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
