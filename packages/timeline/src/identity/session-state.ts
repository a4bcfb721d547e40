import {
  ok,
  problemOf,
  refuse,
  type ChallengeClaim,
  type ChallengePool,
  type Principal,
  type Problem,
  type PublicKey,
  type Result,
  type Scope,
  type SessionChallenge,
  type SessionGenesis,
  type SessionStep,
} from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import { commitmentOf } from './challenge-pool.ts';
import { isSignedBy, sessionAddressOf } from './session-frame.ts';

/** Who a session was proven to speak for: what a {@link Delegate} or a relay's certificate says. */
export interface SessionAuthority {
  readonly principal: Principal;
  /** Address of the first frame, where the authority names it. */
  readonly session: Address | undefined;
  readonly key: PublicKey;
  readonly scope: Scope;
}

/** A session as the other side knows it. Plain JSON. */
export interface SessionState {
  /** Address of the first frame. */
  readonly session: Address;
  readonly principal: Principal;
  readonly key: PublicKey;
  readonly scope: Scope;
  readonly pools: Readonly<Record<string, ChallengePool>>;
  /** `pool/id` of what was revealed. */
  readonly spent: readonly string[];
  readonly n: number;
  /** Address of frame n. */
  readonly tip: Address;
  /** Whether a challenge of the pool `connect` has to be answered before anything else counts. */
  readonly mustConnect: boolean;
}

export interface ExpectedSession {
  readonly authority: SessionAuthority;
  /** What this side gave out for the session. */
  readonly nonce?: string;
  /** Whether a challenge has to be answered before anything else counts: of a person's session, always. */
  readonly isChallenged: boolean;
}

/** Takes up a session whose first frame is what its authority says: `bad-identity`, or `challenge-failed` without pool. */
export const beginSession = async (
  genesis: SessionGenesis,
  { authority, nonce, isChallenged }: ExpectedSession,
): Promise<Result<SessionState, Problem>> => {
  const address = await sessionAddressOf(genesis);
  const { principal, key, scope } = authority;
  if (authority.session !== undefined && authority.session !== address) {
    return refuse(bad('', 'The identity has claimed another session.'));
  }
  if (genesis.identity !== principal) return refuse(bad('/identity', 'It names another identity.'));
  if (genesis.key.x !== key.x) return refuse(bad('/key', 'The session has another key than was certified.'));
  if (nonce !== undefined && genesis.nonce !== nonce) {
    return refuse(failed('/nonce', 'It was made for another nonce.'));
  }
  if (!(await isSignedBy(genesis, key))) return refuse(bad('/signature', 'The signature does not hold.'));
  const { pools } = genesis;
  if (isChallenged && !(poolOf(pools, 'connect')?.verbs.includes('connect') ?? false)) {
    return refuse(failed('/pools', 'The session has nothing to be challenged by.'));
  }
  return ok({
    session: address,
    principal,
    key,
    scope,
    pools,
    spent: [],
    n: 0,
    tip: address,
    mustConnect: isChallenged,
  });
};

/** What is asked for, and by whom. */
export interface Demand {
  readonly pool: string;
  /** Never given out before. */
  readonly nonce: string;
  readonly server: Principal;
  readonly count: number;
}

/** Demands ids that nobody could foresee, and that were never revealed. */
export const demandOf = (
  state: SessionState,
  { pool, nonce, server, count }: Demand,
): Result<SessionChallenge, Problem> => {
  const left = Object.keys(poolOf(state.pools, pool)?.commitments ?? {}).filter(
    (id) => !state.spent.includes(`${pool}/${id}`),
  );
  if (left.length < count)
    return refuse(failed('/pools', 'Nothing is left to be demanded. Open a new session.'));
  const demanded: string[] = [];
  while (demanded.length < count) demanded.push(...left.splice(randomBelow(left.length), 1));
  return ok({ nonce, server, pool, demanded });
};

/** The rest of a random 32-bit number: of a pool's few hundred ids, none is preferred by more than 1 in 10^7. */
const randomBelow = (bound: number): number => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % bound;

export interface ExpectedStep {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What was demanded; without it, no answer to a challenge is accepted. It is demanded once. */
  readonly challenge?: SessionChallenge;
}

/**
 * The state after a session's next frame: signed by its key, following the latest one, claiming one thing that its scope
 * allows. Refused with `bad-identity`; with `challenge-failed` where not exactly what was demanded is revealed, for this
 * nonce, server and session, or something is claimed before it connected; `forbidden` or `session-expired` by its scope.
 */
export const advanceSession = async (
  state: SessionState,
  step: SessionStep,
  { at, challenge }: ExpectedStep,
): Promise<Result<SessionState, Problem>> => {
  if (step.n <= state.n) return refuse(bad('/n', `Frame ${step.n} was seen before; the first one holds.`));
  if (step.n > state.n + 1) return refuse(bad('/n', `Frame ${state.n + 1} is missing.`));
  if (step.previous !== state.tip)
    return refuse(bad('/previous', 'It follows another frame than the latest.'));
  if (!(await isSignedBy(step, state.key))) return refuse(bad('/signature', 'The signature does not hold.'));
  const { claim } = step;
  if (at > state.scope.expiresAt) return refuse(problemOf('session-expired', { path: '/claim' }));
  if (!state.scope.verbs.includes(claim.verb)) {
    return refuse(
      problemOf('forbidden', { path: '/claim/verb', detail: `The session may not ${claim.verb}.` }),
    );
  }
  const answered =
    'reveals' in claim ? await answerFault(state, claim, challenge) : contextFault(state, claim);
  if (answered !== undefined) return refuse(answered);
  const reveals = 'reveals' in claim ? Object.keys(claim.reveals) : [];
  const pool = 'reveals' in claim ? claim.challenge.pool : '';
  return ok({
    ...state,
    n: step.n,
    tip: await sessionAddressOf(step),
    spent: [...state.spent, ...reveals.map((id) => `${pool}/${id}`)],
    mustConnect: state.mustConnect && pool !== 'connect',
  });
};

const contextFault = (state: SessionState, { verb }: SessionStep['claim']): Problem | undefined => {
  // Otherwise a frame that reveals nothing would count as one that does.
  if (verb === 'connect') return failed('/claim', 'To connect is to answer a challenge.');
  return state.mustConnect ? failed('/claim', 'The session has not connected yet.') : undefined;
};

const answerFault = async (
  state: SessionState,
  { verb, session, challenge: answered, reveals }: ChallengeClaim,
  demanded: SessionChallenge | undefined,
): Promise<Problem | undefined> => {
  if (demanded === undefined) return failed('/claim/challenge', 'Nothing was demanded.');
  if (session !== state.session) return failed('/claim/session', 'It names another session.');
  const other = differenceOf(answered, demanded);
  if (other !== undefined) return failed(`/claim/challenge/${other}`, 'This is not what was demanded.');
  const pool = poolOf(state.pools, demanded.pool);
  if (pool === undefined || !pool.verbs.includes(verb)) {
    return failed('/claim/verb', 'The pool is not for this verb.');
  }
  if (Object.keys(reveals).length !== demanded.demanded.length) {
    return failed('/claim/reveals', 'Something else was demanded than is revealed.');
  }
  for (const id of demanded.demanded) {
    const path = `/claim/reveals/${id}`;
    if (!Object.hasOwn(reveals, id) || !Object.hasOwn(pool.commitments, id)) {
      return failed(path, 'This was demanded and is not revealed.');
    }
    if (state.spent.includes(`${demanded.pool}/${id}`)) return failed(path, 'This was revealed before.');
    if ((await commitmentOf(demanded.pool, id, reveals[id] ?? '')) !== pool.commitments[id]) {
      return failed(path, 'This is not what was committed to.');
    }
  }
  return undefined;
};

const differenceOf = (answered: SessionChallenge, demanded: SessionChallenge): string | undefined => {
  if (answered.nonce !== demanded.nonce) return 'nonce';
  if (answered.server !== demanded.server) return 'server';
  if (answered.pool !== demanded.pool) return 'pool';
  return answered.demanded.length === demanded.demanded.length &&
    answered.demanded.every((id, index) => id === demanded.demanded[index])
    ? undefined
    : 'demanded';
};

const poolOf = (pools: Readonly<Record<string, ChallengePool>>, name: string): ChallengePool | undefined =>
  Object.hasOwn(pools, name) ? pools[name] : undefined;

const bad = (path: string, detail: string): Problem => problemOf('bad-identity', { path, detail });
const failed = (path: string, detail: string): Problem => problemOf('challenge-failed', { path, detail });
