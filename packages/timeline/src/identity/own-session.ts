import {
  ok,
  problemOf,
  refuse,
  type Principal,
  type Problem,
  type Result,
  type SessionChallenge,
  type SessionGenesis,
  type SessionStep,
  type Verb,
} from '@cd-push/protocol';

import type { SigningKey } from '../crypto/port.ts';
import type { Address } from '../objects/address.ts';
import { makePool, poolValue } from './challenge-pool.ts';
import { sessionAddressOf, sessionKind, signSessionFrame } from './session-frame.ts';

/**
 * A session as its own side holds it: with its secrets, which are never written down. A value: each step gives the next
 * one, and the one before must not be used again, because two frames of one number are a fork.
 */
export interface OwnSession {
  readonly genesis: SessionGenesis;
  /** Of the genesis; names the session. */
  readonly address: Address;
  readonly n: number;
  /** Of frame n. */
  readonly tip: Address;
  /** `pool/id` of what was revealed. */
  readonly spent: ReadonlySet<string>;
  readonly key: SigningKey;
  readonly seed: Uint8Array;
}

/** What a pool is for, and how many commitments it has. */
export interface PoolPlan {
  readonly verbs: readonly Verb[];
  readonly size: number;
}

export interface SessionPlan {
  /** Who stands behind it: address of the identity that is going to claim it, or thumbprint of a relay's certified key. */
  readonly identity: Principal;
  /** The session's own; made for it. */
  readonly key: SigningKey;
  /** 32 random bytes, made for it; see {@link newSeed}. */
  readonly seed: Uint8Array;
  /** Of the other side: a nonce that it gave out for this session, or the address of what it has just shown. */
  readonly nonce: string;
  readonly pools?: Readonly<Record<string, PoolPlan>>;
}

/** Enough for a connection that breaks some times; a session that has none left is opened anew. */
const usualPools: Readonly<Record<string, PoolPlan>> = { connect: { verbs: ['connect'], size: 32 } };

/** Random bytes for a session. */
export const newSeed = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32));

/** Makes the first frame of a session: its key, and commitments that challenges will ask for. */
export const openSession = async ({
  identity,
  key,
  seed,
  nonce,
  pools = usualPools,
}: SessionPlan): Promise<OwnSession> => {
  if (seed.length !== 32) throw new TypeError('The seed of a session has 32 bytes.');
  const made = await Promise.all(
    Object.entries(pools).map(
      async ([name, { verbs, size }]) => [name, await makePool({ seed, nonce }, name, verbs, size)] as const,
    ),
  );
  const genesis = await signSessionFrame(
    {
      kind: sessionKind,
      n: 0 as const,
      previous: null,
      identity,
      key: key.publicKey,
      pools: Object.fromEntries(made),
      nonce,
    },
    key,
  );
  const address = await sessionAddressOf(genesis);
  return { genesis, address, n: 0, tip: address, spent: new Set(), key, seed };
};

/** A step that was made, and the session from then on. */
export interface SessionTurn {
  readonly session: OwnSession;
  readonly step: SessionStep;
}

/**
 * Answers a challenge: reveals what it demands, for its nonce and its server. Refused with `challenge-failed` where it
 * comes from another server than the connection's, or demands what the session has not or has shown before - what is
 * revealed to the wrong one is spent all the same.
 *
 * @param server whom the session is connected to, as its certificate says.
 */
export const answerChallenge = async (
  session: OwnSession,
  verb: Verb,
  challenge: SessionChallenge,
  server: Principal,
): Promise<Result<SessionTurn, Problem>> => {
  if (challenge.server !== server) return refuse(failed('/server', 'Another server demands this.'));
  const { pool: name, demanded } = challenge;
  const pool = Object.hasOwn(session.genesis.pools, name) ? session.genesis.pools[name] : undefined;
  if (pool === undefined || !pool.verbs.includes(verb)) {
    return refuse(failed('/pool', `The session has no pool "${name}" for this.`));
  }
  if (new Set(demanded).size !== demanded.length)
    return refuse(failed('/demanded', 'An id is demanded twice.'));
  const spent = new Set(session.spent);
  const reveals: Record<string, string> = {};
  for (const [index, id] of demanded.entries()) {
    const path = `/demanded/${index}`;
    if (!Object.hasOwn(pool.commitments, id)) return refuse(failed(path, 'The pool has no such id.'));
    if (spent.has(`${name}/${id}`)) return refuse(failed(path, 'This was revealed before.'));
    spent.add(`${name}/${id}`);
    reveals[id] = await poolValue({ seed: session.seed, nonce: session.genesis.nonce }, name, id);
  }
  const turn = await evolve(session, { verb, session: session.address, challenge, reveals });
  return ok({ ...turn, session: { ...turn.session, spent } });
};

/** Signs one context, by its address. */
export const signContext = (session: OwnSession, verb: Verb, target: Address): Promise<SessionTurn> =>
  evolve(session, { verb, target });

const evolve = async (session: OwnSession, claim: SessionStep['claim']): Promise<SessionTurn> => {
  const step = await signSessionFrame(
    { kind: sessionKind, n: session.n + 1, previous: session.tip, claim },
    session.key,
  );
  return { step, session: { ...session, n: step.n, tip: await sessionAddressOf(step) } };
};

const failed = (path: string, detail: string): Problem => problemOf('challenge-failed', { path, detail });
