import {
  isRelayChallenge,
  ProblemError,
  type CloseReason,
  type PublicKey,
  type RuntimeDelegation,
} from '@cd-push/protocol';
import {
  answerChallenge,
  MemorySpace,
  openJws,
  SyncSession,
  thumbprintOf,
  type SessionTurn,
  type Signing,
  type SigningKey,
  type SyncPeer,
} from '@cd-push/timeline';

import { Challenges } from '../../src/authority/challenges.ts';
import { RelayIdentity } from '../../src/authority/relay-identity.ts';
import type { Peer } from '../../src/peers/peer.ts';
import type { SyncBounds } from '../../src/sync/sync-bounds.ts';
import { SyncDesk } from '../../src/sync/sync-desk.ts';
import { ManualClock } from './manual-clock.ts';
import { makeKey, MemoryAuthority, ownSession, type Login } from './memory-authority.ts';
import { authorityOf, type RuntimeRecord, type Session } from '../../src/authority/session.ts';
import { answerOf, openingOf } from './runtime-opening.ts';
import { KeptLog } from './stack.ts';
import { signingFor } from './sync-client.ts';

/** A connection without a socket, and what became of it. */
export interface Line {
  readonly peer: Peer;
  readonly cuts: CloseReason[];
  /** The way to the desk on it. */
  readonly sync: SyncPeer;
  readonly proven: SessionTurn;
  /** Of this side; each time as it was when the session was proven. */
  signing(): Promise<Signing>;
  session(space: MemorySpace, options?: { readonly isKeptOpen?: boolean }): Promise<SyncSession>;
}

/** No content was pushed or put by itself. */
const nobodys = {
  uploads: () => Promise.resolve(new Map<string, number>()),
  resourcesWith: () => Promise.resolve([]),
  heads: () => Promise.resolve([]),
  versions: () => Promise.resolve([]),
};

/** A desk with everything around it but sockets and a database. */
export class SyncWorld {
  readonly clock = new ManualClock();
  readonly space = new MemorySpace();
  readonly log = new KeptLog();
  readonly authority: MemoryAuthority;
  readonly desk: SyncDesk;
  readonly #identity: RelayIdentity;
  readonly #challenges: Challenges;
  #peers = 0;

  private constructor(authority: MemoryAuthority, bounds: SyncBounds | undefined) {
    this.authority = authority;
    this.#identity = new RelayIdentity(authority, this.clock, this.log);
    this.#challenges = new Challenges(this.#identity, this.clock);
    this.desk = new SyncDesk({
      spaceOf: () => this.space,
      audited: () => {},
      refused: () => {},
      contents: nobodys,
      identity: this.#identity,
      stepsOf: () => () => {},
      clock: this.clock,
      log: this.log,
      bounds,
    });
  }

  static async create(bounds?: SyncBounds): Promise<SyncWorld> {
    const world = new SyncWorld(await MemoryAuthority.create(), bounds);
    await world.#identity.certify();
    world.#identity.close();
    return world;
  }

  /** A developer's connection that has answered its challenge. */
  async connect(options: Parameters<MemoryAuthority['developer']>[0] = {}): Promise<Line> {
    const login = await this.authority.developer(options);
    const own = ownSession(login.token);
    const { acting } = login.session;
    if (own === undefined || acting === undefined) throw new Error('Nobody stands behind this session.');
    const challenge = valueOf(await this.#challenges.of(authorityOf(acting), own.genesis));
    const { relay } = this;
    const demand = await openJws('cd-push-challenge+jws', challenge.demand.challenge, [relay]);
    if (!isRelayChallenge(demand)) throw new Error('This is no challenge of the relay.');
    const proven = valueOf(
      await answerChallenge(own, 'connect', demand.challenge, await thumbprintOf(relay)),
    );
    const keystone = valueOf(await challenge.judge({ step: proven.step }));
    return this.line(login, { keystone, proven, relay });
  }

  /** A runtime's connection, and the key that it has enrolled with. */
  async runtime(
    options: Partial<RuntimeRecord> = {},
  ): Promise<{ readonly peer: Peer; readonly cuts: CloseReason[]; readonly enrolled: SigningKey }> {
    const enrolled = await makeKey();
    const { session } = this.authority.runtime({ ...options, key: enrolled.publicKey });
    return { ...this.#peer(session), enrolled };
  }

  /** A runtime's connection on which it has opened a session, and proven it. */
  async readingRuntime(
    options: Partial<RuntimeRecord> = {},
    changes: Partial<RuntimeDelegation> = {},
  ): Promise<Line> {
    const { peer, cuts, enrolled } = await this.runtime(options);
    return this.reopened({ peer, cuts }, enrolled, changes);
  }

  /** The same with another session, on a connection that is there. */
  async reopened(
    { peer, cuts }: Pick<Line, 'peer' | 'cuts'>,
    enrolled: SigningKey,
    changes: Partial<RuntimeDelegation> = {},
  ): Promise<Line> {
    if (peer.session.kind !== 'runtime') throw new Error('A runtime was expected.');
    const { own, message } = await openingOf(peer.session, enrolled, changes);
    const { turn, proof } = await answerOf(own, valueOf(await this.desk.open(message, peer)), this.relay);
    valueOf(await this.desk.prove(proof, peer));
    return this.#lineOf({ peer, cuts }, { proven: turn, relay: this.relay });
  }

  /** The relay's own key. */
  get relay(): PublicKey {
    const relay = this.#identity.seal?.key.publicKey;
    if (relay === undefined) throw new Error('The relay is not certified.');
    return relay;
  }

  line(
    { session }: Login<Session>,
    {
      keystone,
      proven,
      relay,
    }: {
      readonly keystone: Peer['keystone'];
      readonly proven: SessionTurn;
      readonly relay: PublicKey;
    },
  ): Line {
    const { peer, cuts } = this.#peer(session);
    peer.keystone = keystone;
    return this.#lineOf({ peer, cuts }, { proven, relay });
  }

  #peer(session: Session): { readonly peer: Peer; readonly cuts: CloseReason[] } {
    this.#peers += 1;
    const cuts: CloseReason[] = [];
    const peer: Peer = {
      id: `peer-${this.#peers}`,
      session,
      running: undefined,
      outlet: {
        emit: () => {},
        cut: (reason) => void cuts.push(reason),
        get isOpen() {
          return cuts.length === 0;
        },
        drained: () => Promise.resolve(),
      },
    };
    return { peer, cuts };
  }

  #lineOf(
    { peer, cuts }: Pick<Line, 'peer' | 'cuts'>,
    { proven, relay }: { readonly proven: SessionTurn; readonly relay: PublicKey },
  ): Line {
    const sync: SyncPeer = {
      exchange: async (turn) => {
        const taken = await this.desk.turn(JSON.parse(JSON.stringify(turn)), peer);
        if (taken.outcome === 'answered') return taken.answer;
        if (taken.outcome === 'ended') cuts.push('unproven');
        throw new ProblemError(taken.problem);
      },
      close: () => this.desk.leave(peer),
    };
    const signing = (): Promise<Signing> => signingFor({ turn: proven, relay });
    return {
      peer,
      cuts,
      sync,
      proven,
      signing,
      session: async (space, { isKeptOpen = false } = {}) =>
        new SyncSession({
          space,
          peer: sync,
          isKeptOpen,
          signing: await signing(),
        }),
    };
  }
}

const valueOf = <Value>(
  result: { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: object },
): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.problem));
  return result.value;
};
