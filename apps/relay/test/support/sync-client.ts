import { ProblemError, type Answer, type SyncTurn, type SyncTurnAnswer } from '@cd-push/protocol';
import {
  OpeningVerifier,
  SessionSigner,
  SyncSession,
  thumbprintOf,
  type Signing,
  type Space,
  type SyncPeer,
} from '@cd-push/timeline';

import type { Client } from './clients.ts';

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
