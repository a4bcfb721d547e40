import {
  isSessionAnswer,
  ProblemError,
  problemOf,
  type Delegation,
  type Scope,
  type SessionAnswer,
} from '@cd-push/protocol';
import {
  claimSession,
  cryptoPlatform,
  newSeed,
  openSession,
  registeredUpTo,
  signProof,
  type KeptIdentity,
  type OwnSession,
} from '@cd-push/timeline';

import type { RelayClock } from '../clock/relay-clock.ts';
import { readAnswer } from '../http/read-answer.ts';
import { request } from '../http/request.ts';
import type { Account } from './account.ts';
import { askChallenge } from './challenge.ts';
import type { CredentialStore } from './credential-store.ts';
import { caughtUp, registeredTip } from './identity-log.ts';
import { timed } from './timed.ts';

/** A session that an identity has claimed and an api has opened. */
export interface Opened {
  readonly own: OwnSession;
  readonly answer: SessionAnswer;
  /** How the identity stands behind it. */
  readonly delegation: Delegation;
}

/** What the session is to be for, before it is known until when. */
export type WantedScope = Omit<Scope, 'expiresAt'>;

export const wholeScope: WantedScope = {
  verbs: ['connect', 'sync', 'push', 'rollback', 'manage', 'revoke'],
  grants: [{ prefix: '/', environments: ['*'] }],
};

/** As long as an api lets a session last. */
const sessionMs = 12 * 60 * 60 * 1000;
/** Others who use the same identity may be quicker as often; each time one of them has got on. */
const triesAllowed = 16;

/**
 * Has the identity of this machine claim a session that is made for it, and the api open it.
 *
 * @throws ProblemError `unauthenticated`, `session-revoked` (sign in again), `identity-revoked`, `bad-identity`,
 * `unavailable`, `timeout`, `rate-limited`.
 */
export const openNewSession = (
  account: Account,
  store: CredentialStore,
  clock: RelayClock,
  scope: WantedScope,
): Promise<Opened> =>
  store.exclusively(async () => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await openOnce(account, store, clock, scope);
      } catch (error) {
        const hasMoved = error instanceof ProblemError && error.problem.kind === 'tip-moved';
        if (!hasMoved || tries === triesAllowed) throw error;
        await store.keepIdentity(await caughtUp(account.apiUrl, await keptIn(store, account)));
      }
    }
  });

const openOnce = async (
  account: Account,
  store: CredentialStore,
  clock: RelayClock,
  wanted: WantedScope,
): Promise<Opened> => {
  const { apiUrl, issuer, identity } = account;
  const before = await keptIn(store, account);
  const { nonce, expiresAt: soon } = await askChallenge(apiUrl, issuer);
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  const own = await openSession({ identity, key, seed: newSeed(), nonce });
  // By the api's clock, whatever this machine's says.
  const scope = { ...wanted, expiresAt: soon + sessionMs };
  const { kept, claim } = await claimSession(before, { target: own.address, key: key.publicKey, scope });
  // Before it is sent: what was said once is not said otherwise, also where no answer comes.
  await store.keepIdentity(kept);
  const path = '/auth/sessions';
  const body = {
    identity,
    from: registeredTip(kept).tip,
    events: kept.pending,
    genesis: own.genesis,
    nonce,
    proof: await signProof({ nonce, issuer, subject: own.address }, key),
  };
  try {
    const answer = await timed(() => request({ apiUrl, path, body }));
    const value = readAnswer(isSessionAnswer, answer.value, path);
    clock.observe(value.app_state.sess.jwt.checkTime, answer.sentAt, answer.receivedAt);
    await store.keepIdentity(registeredUpTo(kept, kept.n));
    return { own, answer: value, delegation: { establishments: [...kept.establishments], claim } };
  } catch (error) {
    // Refused: nothing of it was registered, and nobody else has seen it.
    if (isRefusal(error)) await store.keepIdentity(before);
    throw error;
  }
};

/** Whether an api has said no, so that it is known that nothing was taken. */
const isRefusal = (error: unknown): boolean => error instanceof ProblemError && error.problem.status < 500;

const keptIn = async (store: CredentialStore, { apiUrl, identity }: Account): Promise<KeptIdentity> => {
  const kept = await store.identity();
  if (kept?.identity === identity) return kept;
  const detail = `The identity that signed in at ${apiUrl} is not kept here any more. Sign in again.`;
  throw new ProblemError(problemOf('unauthenticated', { detail }));
};
