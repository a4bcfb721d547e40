import type {
  ChallengeClaim,
  Principal,
  Problem,
  Result,
  SessionChallenge,
  SessionStep,
} from '@cd-push/protocol';

import {
  advanceSession,
  answerChallenge,
  beginSession,
  demandOf,
  openSession,
  sessionKind,
  signSessionFrame,
  thumbprintOf,
  type OwnSession,
  type SessionAuthority,
  type SessionPlan,
  type SessionState,
} from '../../src/index.ts';
import { keyOf, nonceOf, scopeUntil, someAddress, usualVerbs } from './identities.ts';

export const valueOf = <Value>(result: Result<Value, Problem>): Value => {
  if (!result.ok) throw new Error(`${result.problem.kind}: ${result.problem.detail ?? ''}`);
  return result.value;
};

export const faultOf = (result: Result<unknown, Problem>): string =>
  result.ok ? 'ok' : `${result.problem.kind} ${result.problem.path ?? ''}`.trim();

/** Both sides of a session that has not connected yet. */
export interface Pair {
  readonly own: OwnSession;
  readonly state: SessionState;
  readonly authority: SessionAuthority;
  readonly server: Principal;
}

export const expiresAt = 1_000_000;

export const pairOf = async (changed: Partial<SessionPlan> = {}): Promise<Pair> => {
  const identity = await someAddress('an identity');
  const key = await keyOf(50);
  const seed = new Uint8Array(32).fill(7);
  const own = await openSession({ identity, key, seed, nonce: nonceOf('the api'), ...changed });
  const authority: SessionAuthority = {
    principal: own.genesis.identity,
    session: own.address,
    key: own.genesis.key,
    scope: scopeUntil(expiresAt, usualVerbs),
  };
  const state = valueOf(await beginSession(own.genesis, { authority, isChallenged: true }));
  return { own, state, authority, server: await thumbprintOf((await keyOf(60)).publicKey) };
};

export const challengeOf = ({ state, server }: Pair, name: string, count = 3): SessionChallenge =>
  valueOf(demandOf(state, { pool: 'connect', nonce: nonceOf(name), server, count }));

/** A challenge and its right answer. */
export const answered = async (
  pair: Pair,
  name = 'the relay',
): Promise<{
  readonly challenge: SessionChallenge;
  readonly step: SessionStep;
  readonly own: OwnSession;
}> => {
  const challenge = challengeOf(pair, name);
  const { session, step } = valueOf(await answerChallenge(pair.own, 'connect', challenge, pair.server));
  return { challenge, step, own: session };
};

/** Both sides after the challenge of a relay. */
export const connected = async (
  pair: Pair,
): Promise<{ readonly own: OwnSession; readonly state: SessionState }> => {
  const { own, step, challenge } = await answered(pair);
  return { own, state: valueOf(await advanceSession(pair.state, step, { at: expiresAt, challenge })) };
};

/** A step that the session's own key signs, whatever it says. */
export const forged = async (
  { own }: Pair,
  changed: Partial<Omit<SessionStep, 'signature' | 'kind'>>,
  signer = own.key,
): Promise<SessionStep> =>
  signSessionFrame(
    {
      kind: sessionKind,
      n: 1,
      previous: own.address,
      claim: { verb: 'sync', target: own.address },
      ...changed,
    },
    signer,
  );

export const claimIn = (step: SessionStep): ChallengeClaim => {
  if (!('reveals' in step.claim)) throw new Error('this step answers a challenge');
  return step.claim;
};
