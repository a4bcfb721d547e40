import {
  isRelayChallenge,
  type ConnectChallenge,
  type ConnectProof,
  type OpenSync,
  type PublicKey,
  type RuntimeDelegation,
} from '@cd-push/protocol';
import {
  answerChallenge,
  newSeed,
  openJws,
  openSession,
  signRuntimeDelegation,
  thumbprintOf,
  type OwnSession,
  type SessionTurn,
  type SigningKey,
} from '@cd-push/timeline';

import type { RuntimeSession } from '../../src/authority/session.ts';
import { makeKey, tenant } from './memory-authority.ts';

/** What a runtime says of the session by which it synchronises. */
export interface Opening {
  readonly own: OwnSession;
  readonly message: OpenSync;
}

/** A session that a runtime's key stands behind, as it should be unless a test says else. */
export const openingOf = async (
  { runtime }: RuntimeSession,
  enrolled: SigningKey,
  changes: Partial<RuntimeDelegation> = {},
): Promise<Opening> => {
  const key = await makeKey();
  const identity = await thumbprintOf(enrolled.publicKey);
  const own = await openSession({ identity, key, seed: newSeed(), nonce: crypto.randomUUID() });
  const delegation = await signRuntimeDelegation(
    {
      v: 1,
      runtime: runtime.guid,
      tenant,
      session: own.address,
      key: key.publicKey,
      scope: {
        verbs: ['connect', 'sync'],
        grants: [{ prefix: `/${runtime.module}`, environments: [runtime.environment] }],
        expiresAt: Date.now() + 3_600_000,
      },
      ...changes,
    },
    enrolled,
  );
  return { own, message: { genesis: own.genesis, delegation } };
};

/** Answers what a relay demands of that session. */
export const answerOf = async (
  own: OwnSession,
  { challenge }: ConnectChallenge,
  relay: PublicKey,
): Promise<{ readonly turn: SessionTurn; readonly proof: ConnectProof }> => {
  const demand = await openJws('cd-push-challenge+jws', challenge, [relay]);
  if (!isRelayChallenge(demand)) throw new Error('This is no challenge of the relay.');
  const turn = await answerChallenge(own, 'connect', demand.challenge, await thumbprintOf(relay));
  if (!turn.ok) throw new Error(turn.problem.detail);
  return { turn: turn.value, proof: { step: turn.value.step } };
};
