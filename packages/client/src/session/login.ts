import { isIdentityBound, ProblemError, type IdentityBound } from '@cd-push/protocol';
import { createIdentity, cryptoPlatform, registeredUpTo, type KeptIdentity } from '@cd-push/timeline';

import { readAnswer } from '../http/read-answer.ts';
import { request } from '../http/request.ts';
import { accountOf } from './account.ts';
import { answerChallenge } from './challenge.ts';
import { memoryCredentialStore, type CredentialStore } from './credential-store.ts';
import { caughtUp } from './identity-log.ts';
import { Session, type SessionOptions } from './session.ts';

export interface LoginOptions extends SessionOptions {
  readonly apiUrl: string;
  readonly userName: string;
  readonly password: string;
  /** Where the identity is kept, and made where there is none; memory by default. */
  readonly store?: CredentialStore;
  readonly signal?: AbortSignal;
}

/**
 * Binds the identity of this machine to a user. This is the one time that the password is needed: afterwards the identity
 * opens sessions by itself.
 *
 * @throws ProblemError `invalid-credentials`, `rate-limited` (with `retryAfter` in seconds), `unavailable`, `timeout`.
 */
export const login = async (options: LoginOptions): Promise<Session> => {
  const { apiUrl, store = memoryCredentialStore() } = options;
  const account = await store.exclusively(async () => {
    const kept = await store.identity();
    const bound =
      (kept === undefined || kept.isRevoked ? undefined : await tryToBind(options, store, kept)) ??
      (await bind(options, store, await newIdentity(store)));
    const made = accountOf(apiUrl, bound);
    await store.keepAccount(made);
    return made;
  });
  const session = new Session(account, store, options);
  // So that it is known at once what the user may do.
  await session.open();
  return session;
};

/** Whoever signed in with this store, or undefined where nobody is. A session is opened when the first one is needed. */
export const restoreSession = async (
  store: CredentialStore,
  options: SessionOptions = {},
): Promise<Session | undefined> => {
  const account = await store.account();
  return account && new Session(account, store, options);
};

/** Makes an identity in the place of one that is none of this user's, or was ended; signing in binds it. */
export const newIdentity = async (store: CredentialStore): Promise<KeptIdentity> => {
  const { kept, next } = await createIdentity();
  await store.keepNextKeys([next]);
  await store.keepIdentity(kept);
  return kept;
};

/** Undefined for an identity that this api does not take for this user's: another one is made then. */
const tryToBind = async (
  options: LoginOptions,
  store: CredentialStore,
  kept: KeptIdentity,
): Promise<IdentityBound | undefined> => {
  try {
    return await bind(options, store, kept);
  } catch (error) {
    const kind = error instanceof ProblemError ? error.problem.kind : undefined;
    // Another user's, ended, or of an api that has begun anew.
    if (kind === 'conflict' || kind === 'identity-revoked' || kind === 'bad-identity') return undefined;
    throw error;
  }
};

const bind = async (
  { apiUrl, userName, password, signal }: LoginOptions,
  store: CredentialStore,
  kept: KeptIdentity,
): Promise<IdentityBound> => {
  const path = '/identities';
  const { identity, pending } = kept;
  const key = await cryptoPlatform.importPrivateKey(kept.key);
  const { nonce, proof } = await answerChallenge(apiUrl, identity, key, signal);
  const events = pending[0]?.op === 'inception' ? { events: pending } : {};
  const body = { userName, password, identity, ...events, nonce, proof };
  const bound = readAnswer(isIdentityBound, await request({ apiUrl, path, body, signal }), path);
  const isInStep = bound.n === kept.n && bound.tip === kept.tip;
  await store.keepIdentity(isInStep ? registeredUpTo(kept, bound.n) : await caughtUp(apiUrl, begun(kept)));
  return bound;
};

/** Of one that turns out to be registered, the inception at least is not pending. */
const begun = (kept: KeptIdentity): KeptIdentity => registeredUpTo(kept, 0);
