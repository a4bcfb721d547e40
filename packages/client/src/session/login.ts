import type { SigningKey } from '@cd-push/timeline';

import { RelayClock } from '../clock/relay-clock.ts';
import { request } from '../http/request.ts';
import { answerChallenge } from './challenge.ts';
import { readSessionAnswer, timed } from './session-answer.ts';
import { memorySessionStore, type SessionStore } from './session-store.ts';
import { Session } from './session.ts';

export interface LoginOptions {
  readonly apiUrl: string;
  readonly userName: string;
  readonly password: string;
  /** The key that this session will sign with; the api certifies it. Its private half stays here. */
  readonly key: SigningKey;
  /** Where the session is kept; memory by default. */
  readonly store?: SessionStore;
  readonly signal?: AbortSignal;
}

/**
 * Signs in and proves possession of the key.
 *
 * @throws ProblemError `invalid-credentials`, `rate-limited` (with `retryAfter` in seconds), `unavailable`, `timeout`.
 */
export const login = async ({
  apiUrl,
  userName,
  password,
  key,
  store,
  signal,
}: LoginOptions): Promise<Session> => {
  const path = '/auth/login';
  const { nonce, proof } = await answerChallenge(apiUrl, userName, key, signal);
  const body = { userName, password, publicKey: key.publicKey, nonce, proof };
  const clock = new RelayClock();
  const answer = await timed(() => request({ apiUrl, path, body, signal }));
  const stored = readSessionAnswer(answer, apiUrl, path, clock);
  const kept = store ?? memorySessionStore();
  await kept.exclusively(() => kept.save(stored));
  return new Session(stored, key, kept, clock);
};

/** The session that a store holds, or undefined where nobody is signed in. It renews itself when it is next used. */
export const restoreSession = async (store: SessionStore, key: SigningKey): Promise<Session | undefined> => {
  const stored = await store.load();
  return stored === undefined
    ? undefined
    : new Session(stored, key, store, new RelayClock(stored.clockOffsetMs));
};
