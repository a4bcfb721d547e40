import {
  ProblemError,
  type Answer,
  type ConnectChallenge,
  type ConnectProofAnswer,
  type PublicKey,
  type RelayCertificate,
  type SyncTurn,
  type SyncTurnAnswer,
} from '@cd-push/protocol';
import {
  fromBase64url,
  OpeningVerifier,
  SessionSigner,
  SyncSession,
  thumbprintOf,
  type Signing,
  type SigningKey,
  type Space,
  type SyncPeer,
} from '@cd-push/timeline';

import type { RuntimeSession } from '../../src/authority/session.ts';
import type { Client } from './clients.ts';
import type { Login } from './memory-authority.ts';
import { answerOf, openingOf } from './runtime-opening.ts';

/** Has a runtime's connection open a session to synchronise by, and prove it. */
export const openRuntimeSync = async (
  client: Client,
  { session }: Login<RuntimeSession>,
  enrolled: SigningKey,
): Promise<void> => {
  const { own, message } = await openingOf(session, enrolled);
  const challenge = await client.ask<Answer<ConnectChallenge>>('open-sync', message);
  if (!challenge.status) throw new ProblemError(challenge.error);
  const relay = relayIn(challenge);
  const { turn, proof } = await answerOf(own, challenge, relay);
  const proven = await client.ask<Answer<ConnectProofAnswer>>('connect-proof', proof);
  if (!proven.status) throw new ProblemError(proven.error);
  client.proven = { turn, relay };
};

/** The key of a relay's certificate, which a test takes on the relay's word. */
const relayIn = ({ relayCertificate }: ConnectChallenge): PublicKey => {
  const payload = new TextDecoder().decode(fromBase64url(relayCertificate.split('.')[1] ?? ''));
  return (JSON.parse(payload) as RelayCertificate).cnf.jwk;
};

/** What signs upon what was proven to a relay, and judges it. */
export const signingFor = async ({ turn, relay }: NonNullable<Client['proven']>): Promise<Signing> => {
  const authority = {
    principal: await thumbprintOf(relay),
    session: undefined,
    key: relay,
    scope: { verbs: ['sync' as const], grants: [], expiresAt: Number.MAX_SAFE_INTEGER },
  };
  return {
    signer: new SessionSigner(turn.session),
    verifier: new OpeningVerifier({ authority, nonce: turn.session.tip }, Date.now),
    origin: { frames: [turn.session.genesis, turn.step] },
  };
};

/** The way to a relay over a test's own client. */
const peerOf = (client: Client, alter: (turn: SyncTurn) => SyncTurn = (turn) => turn): SyncPeer => ({
  exchange: async (turn) => {
    const answer = await client.ask<Answer<SyncTurnAnswer>>('sync-turn', alter(turn));
    if (!answer.status) throw new ProblemError(answer.error);
    return answer;
  },
  close: () => client.close(),
});

/** What goes over a connection, turn by turn. */
export const partsFor = async (
  client: Client,
): Promise<{ readonly peer: SyncPeer; readonly signing: Signing }> => {
  if (client.proven === undefined) throw new Error('Nothing was proven.');
  return { peer: peerOf(client), signing: await signingFor(client.proven) };
};

/** Synchronises a space on a connection. */
export const syncOver = async (
  client: Client,
  space: Space,
  {
    isKeptOpen = false,
    alter,
  }: { readonly isKeptOpen?: boolean; readonly alter?: (turn: SyncTurn) => SyncTurn } = {},
): Promise<SyncSession> => {
  if (client.proven === undefined) throw new Error('Nothing was proven.');
  return new SyncSession({
    space,
    peer: peerOf(client, alter),
    signing: await signingFor(client.proven),
    isKeptOpen,
  });
};
