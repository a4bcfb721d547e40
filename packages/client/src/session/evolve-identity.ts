import { isIdentityView, ProblemError, problemOf, type IdentityView } from '@cd-push/protocol';
import {
  registeredUpTo,
  revokeIdentity,
  rotateIdentity,
  thumbprintOf,
  type KeptIdentity,
  type KeptNextKey,
} from '@cd-push/timeline';

import { readAnswer } from '../http/read-answer.ts';
import { request } from '../http/request.ts';
import type { Account } from './account.ts';
import type { CredentialStore } from './credential-store.ts';
import { caughtUp, registeredTip } from './identity-log.ts';

/**
 * Puts the key in force that was kept for this, and commits to another next one. Sessions that are open stay so.
 *
 * @throws ProblemError `bad-identity` where the next key is not kept here; `identity-revoked`; `unavailable`, `timeout`.
 */
export const rotateKeys = (account: Account, store: CredentialStore): Promise<IdentityView> =>
  store.exclusively(async () => {
    const before = await inStep(account, store);
    const { kept, next } = await rotateIdentity(before, await committedKey(before, store));
    // The key after the next before the log that is committed to it; until then, both are kept.
    await store.keepNextKeys([...(await store.nextKeys()), next]);
    await store.keepIdentity(kept);
    const view = await registerPending(account, store, kept);
    await store.keepNextKeys([next]);
    return view;
  });

/**
 * Ends the identity for good, with all of its sessions; what they have signed is void. Whoever signs in again gets another
 * identity.
 */
export const endIdentity = (account: Account, store: CredentialStore): Promise<IdentityView> =>
  store.exclusively(async () => {
    const { kept } = await revokeIdentity(await inStep(account, store));
    await store.keepIdentity(kept);
    return registerPending(account, store, kept);
  });

const inStep = async ({ apiUrl, identity }: Account, store: CredentialStore): Promise<KeptIdentity> => {
  const kept = await store.identity();
  if (kept?.identity !== identity) {
    const detail = 'The identity that is signed in is not kept here.';
    throw new ProblemError(problemOf('unauthenticated', { detail }));
  }
  const current = await caughtUp(apiUrl, kept);
  await store.keepIdentity(current);
  return current;
};

const registerPending = async (
  { apiUrl, identity }: Account,
  store: CredentialStore,
  kept: KeptIdentity,
): Promise<IdentityView> => {
  const path = `/identities/${identity}/events`;
  const body = { from: registeredTip(kept).tip, events: kept.pending };
  const view = readAnswer(isIdentityView, await request({ apiUrl, path, body }), path);
  await store.keepIdentity(registeredUpTo(kept, view.n));
  return view;
};

/** Of the keys that are kept for it, the one that the latest inception or rotation is committed to. */
const committedKey = async (kept: KeptIdentity, store: CredentialStore): Promise<KeptNextKey> => {
  const latest = kept.establishments.at(-1) ?? kept.establishments[0];
  for (const next of await store.nextKeys()) {
    if (next.identity === kept.identity && latest.next.includes(await thumbprintOf(publicHalf(next))))
      return next;
  }
  const detail = 'The key that this identity is committed to next is not kept here.';
  throw new ProblemError(problemOf('bad-identity', { detail }));
};

const publicHalf = ({ key: { kty, crv, x } }: KeptNextKey) => ({ kty, crv, x });
