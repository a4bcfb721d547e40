import { epochMs, ProblemError, type Problem } from '@cd-push/protocol';
import { cryptoPlatform } from '@cd-push/timeline';

import { RelayClock } from '../../src/clock/relay-clock.ts';
import type { AccessToken, TokenSource } from '../../src/session/access.ts';
import { memorySessionStore, type StoredSession } from '../../src/session/session-store.ts';
import { Session } from '../../src/session/session.ts';

/** Shows `token-1`, and the next one at each renewal. */
export const countingTokens = (
  lifetimeMs = 900_000,
  failure?: () => Problem | undefined,
): TokenSource & { readonly renewals: () => number } => {
  let count = 1;
  let issued: AccessToken = { token: 'token-1', expiresAt: epochMs(Date.now() + lifetimeMs) };
  return {
    clock: new RelayClock(),
    renewals: () => count - 1,
    access: async () => issued,
    renew: async () => {
      const problem = failure?.();
      if (problem !== undefined) throw new ProblemError(problem);
      count += 1;
      issued = { token: `token-${count}`, expiresAt: epochMs(Date.now() + lifetimeMs) };
      return issued;
    },
  };
};

/** A signed-in session that needs no api for as long as a test lasts. */
export const developerSession = async (changes: Partial<StoredSession> = {}): Promise<Session> => {
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  return new Session({ ...storedSession, ...changes }, key, memorySessionStore(), new RelayClock());
};

const storedSession: StoredSession = {
  apiUrl: 'http://127.0.0.1:9',
  issuer: 'https://api.example',
  tenant: 'default',
  keys: [],
  user: { id: 1, guid: 'u', name: 'ada', subject: 'user-1', roles: ['developer'] },
  sessionId: 'session-1',
  token: 'token-1',
  tokenExpiresAt: Number.MAX_SAFE_INTEGER,
  tokenLifetimeMs: 900_000,
  refreshToken: 'refresh-1',
  certificate: 'a.b.c',
  grants: [],
  clockOffsetMs: 0,
};
