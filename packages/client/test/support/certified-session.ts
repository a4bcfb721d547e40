import { epochMs } from '@cd-push/protocol';
import {
  claimSession,
  createIdentity,
  cryptoPlatform,
  newSeed,
  openSession,
  signCertificate,
  type SigningKey,
} from '@cd-push/timeline';

import { developerSession, type FakeSession } from './fake-session.ts';

export const newKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());

/** A session whose key an issuer has certified, of an identity of its own. */
export const certified = async (by: SigningKey, subject = 'user-1'): Promise<FakeSession> => {
  const { kept: made } = await createIdentity();
  const key = await newKey();
  const own = await openSession({ identity: made.identity, key, seed: newSeed(), nonce: 'a'.repeat(22) });
  const grants = [{ prefix: '/', environments: ['*'] }];
  const scope = {
    verbs: ['sync' as const, 'push' as const, 'rollback' as const],
    grants,
    expiresAt: Date.now() + 7_200_000,
  };
  const { kept, claim } = await claimSession(made, { target: own.address, key: key.publicKey, scope });
  const { account: usual, facts } = await developerSession({ key, sessionId: own.address });
  const account = { ...usual, user: { ...usual.user, subject } };
  const now = Date.now();
  const certificate = await signCertificate(
    {
      v: 1,
      iss: account.issuer,
      aud: 'cd-push:code',
      sub: account.user.subject,
      tenant: account.tenant,
      session: own.address,
      identity: made.identity,
      delegation: { establishments: [...kept.establishments], claim },
      cnf: { jwk: key.publicKey },
      verbs: ['push', 'rollback'],
      grants,
      notBefore: epochMs(now - 60_000),
      notAfter: epochMs(now + 3_600_000),
    },
    by,
  );
  return developerSession({ ...facts, certificate, account: { ...account, keys: [by.publicKey] } });
};
