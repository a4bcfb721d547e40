import { generateKeyPairSync, sign, verify } from 'node:crypto';

import { epochMs, type Certificate, type PatchStatement, type RelayCertificate } from '@cd-push/protocol';
import {
  claimSession,
  createIdentity,
  cryptoPlatform,
  digestOf,
  newSeed,
  openAcceptance,
  openContent,
  openSession,
  openStatement,
  signAcceptance,
  signCertificate,
  signRelayCertificate,
  signStatement,
  type SigningKey,
} from '@cd-push/timeline';

const pushGuid = '7d1f6c1e-5d0e-4c56-9d3a-0f5a5f0a9b11';
const validMs = 60 * 60 * 1000;

/** One push as its sender signs it, and as its recipient verifies it, without anything that travels. */
export interface SignedPush {
  /** What a sender does for a push: the content's digest, the statement, its signature. */
  readonly sign: () => Promise<void>;
  /** What a recipient does: the statement against the certificate, the acceptance against the relay's, the content. */
  readonly verify: () => Promise<void>;
  /** Nothing but the signatures of these two, on as many bytes. */
  readonly signBare: () => void;
  readonly verifyBare: () => void;
}

/** @throws {Error} where it does not hold. */
export const makeSignedPush = async (contentBytes: number): Promise<SignedPush> => {
  const [sender, relay] = [await newKey(), await newKey()];
  const now = Date.now();
  const content = 'x'.repeat(contentBytes);
  const certificate = await certificateOf(sender, now);
  const certificateJws = await signCertificate(certificate, sender);
  const relayCertificate = relayCertificateOf(relay, now);
  const relayJws = await signRelayCertificate(relayCertificate, relay);
  const statementOf = async (): Promise<PatchStatement> => ({
    kind: 'patch',
    v: 1,
    tenant: 'local',
    environment: 'development',
    targets: [{ select: { module: 'shop' } }],
    pushGuid,
    trigger: 'file-save',
    signer: certificate.sub,
    certificate: await digestOf(certificateJws),
    issuedAt: epochMs(now),
    deliverBy: epochMs(now + validMs),
    silent: false,
    patches: [
      {
        resource: '/shop/a.css',
        componentType: 'style',
        version: now,
        predecessor: null,
        change: 'put',
        digest: await digestOf(content),
        bytes: contentBytes,
      },
    ],
  });
  const statement = await signStatement(await statementOf(), sender);
  const acceptance = await signAcceptance(
    {
      v: 1,
      pushGuid,
      statement: await digestOf(statement),
      relay: await digestOf(relayJws),
      acceptedAt: epochMs(now),
    },
    relay,
  );
  const bare = generateKeyPairSync('ed25519');
  const bytes = Buffer.from(statement);
  const bareSignature = sign(null, bytes, bare.privateKey);
  return {
    sign: async () => {
      await signStatement(await statementOf(), sender);
    },
    verify: async () => {
      const opened = await openStatement(statement, certificateJws, certificate);
      const accepted = opened.ok
        ? await openAcceptance(acceptance, relayJws, relayCertificate, opened.value)
        : opened;
      const [head] =
        opened.ok && opened.value.statement.kind === 'patch' ? opened.value.statement.patches : [];
      const received =
        head === undefined
          ? undefined
          : await openContent(head, { encoding: 'text', text: content }, undefined);
      if (!accepted.ok || received?.ok !== true) throw new Error('What was signed here does not hold.');
    },
    signBare: () => void sign(null, bytes, bare.privateKey),
    verifyBare: () => {
      for (let signature = 0; signature < 2; signature += 1)
        if (!verify(null, bytes, bare.publicKey, bareSignature))
          throw new Error('A signature does not hold.');
    },
  };
};

const newKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());

const certificateOf = async (key: SigningKey, now: number): Promise<Certificate> => {
  const { kept: made } = await createIdentity();
  const own = await openSession({ identity: made.identity, key, seed: newSeed(), nonce: pushGuid });
  const grants = [{ prefix: '/shop', environments: ['development'] }];
  const { kept, claim } = await claimSession(made, {
    target: own.address,
    key: key.publicKey,
    scope: { verbs: ['push'], grants, expiresAt: now + validMs },
  });
  return {
    v: 1,
    iss: 'https://api.example',
    aud: 'cd-push:code',
    sub: 'user-1',
    tenant: 'local',
    session: own.address,
    identity: made.identity,
    delegation: { establishments: [...kept.establishments], claim },
    cnf: { jwk: key.publicKey },
    verbs: ['push'],
    grants,
    notBefore: epochMs(now - validMs),
    notAfter: epochMs(now + validMs),
  };
};

const relayCertificateOf = (key: SigningKey, now: number): RelayCertificate => ({
  v: 1,
  iss: 'https://api.example',
  aud: 'cd-push:acceptance',
  sub: 'relay-1',
  tenant: '*',
  cnf: { jwk: key.publicKey },
  notBefore: epochMs(now - validMs),
  notAfter: epochMs(now + validMs),
});
