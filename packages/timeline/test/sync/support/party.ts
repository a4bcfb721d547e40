import type { IdentityEvent, Scope, SessionOrigin } from '@cd-push/protocol';

import {
  answerChallenge,
  beginSession,
  advanceSession,
  claimSession,
  createIdentity,
  cryptoPlatform,
  demandOf,
  newSeed,
  openSession,
  SessionSigner,
  SessionVerifier,
  type OwnSession,
  type SessionState,
} from '../../../src/index.ts';

/** When everything happens, unless a test says else. */
export const at = 1_763_600_000_000;

/** An identity, and a session that it has claimed. */
export interface Party {
  readonly events: readonly IdentityEvent[];
  readonly session: OwnSession;
  readonly scope: Scope;
}

export const newParty = async (changes: Partial<Scope> = {}): Promise<Party> => {
  const { kept } = await createIdentity();
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  const nonce = crypto.randomUUID();
  const session = await openSession({ identity: kept.identity, key, seed: newSeed(), nonce });
  const scope: Scope = {
    verbs: ['connect', 'sync'],
    grants: [{ prefix: '/', environments: ['*'] }],
    expiresAt: at + 60_000,
    ...changes,
  };
  const claimed = await claimSession(kept, { target: session.address, key: key.publicKey, scope });
  return { events: claimed.kept.pending, session, scope };
};

/** Both sides after each has answered the other's challenge. */
export interface Connected {
  readonly session: OwnSession;
  /** How the other side knows it. */
  readonly state: SessionState;
  /** The identity's events, S0 and S1. */
  readonly origin: SessionOrigin;
}

export const connectTo = async (party: Party, server: Party): Promise<Connected> => {
  const { session, scope, events } = party;
  const authority = {
    principal: session.genesis.identity,
    session: session.address,
    key: session.key.publicKey,
    scope,
  };
  const begun = valueOf(await beginSession(session.genesis, { authority, isChallenged: true }));
  const other = server.session.genesis.identity;
  const challenge = valueOf(
    demandOf(begun, { pool: 'connect', nonce: crypto.randomUUID(), server: other, count: 2 }),
  );
  const turn = valueOf(await answerChallenge(session, 'connect', challenge, other));
  const state = valueOf(await advanceSession(begun, turn.step, { at, challenge }));
  const [inception, claim] = events;
  if (inception?.op !== 'inception' || claim?.op !== 'claim')
    throw new Error('Another identity was expected.');
  const origin = { delegation: { establishments: [inception], claim }, frames: [session.genesis, turn.step] };
  return { session: turn.session, state, origin };
};

/** The signing of both sides of one connection. */
export const signingOf = (one: Connected, other: Connected, now: () => number = () => at) => {
  const side = (own: Connected, peer: Connected) => ({
    signer: new SessionSigner(own.session),
    verifier: new SessionVerifier(peer.state, now),
    origin: own.origin,
  });
  return [side(one, other), side(other, one)] as const;
};

const valueOf = <Value>(
  result: { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: object },
): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.problem));
  return result.value;
};
