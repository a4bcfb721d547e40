import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';

import type { EpochMs, PublicKey } from '@cd-push/protocol';
import type { IssuerKey, IssuerKeyStore } from '@cd-push/store';
import { cryptoPlatform, type SigningKey } from '@cd-push/timeline';

/** One key of the issuer in the forms that signing and verifying take it. */
interface IssuerKeyForms {
  readonly kid: string;
  readonly publicKey: PublicKey;
  readonly publicPem: string;
}

/** Who signs tokens and certificates here. */
export interface Issuer {
  /** Every key by its kid, the one that signs first; a token that names another is refused. */
  readonly keys: ReadonlyMap<string, IssuerKeyForms>;
  readonly signing: IssuerKeyForms & { readonly privatePem: string; readonly key: SigningKey };
  /** The same in all processes of this api, also while a key is added: taken from the oldest one. */
  readonly secret: string;
}

/** Loads the issuer's keys; a store that has none gets its first, one and the same for all who start at once. */
export const loadIssuer = async (store: IssuerKeyStore, at: EpochMs): Promise<Issuer> => {
  let kept = await store.list();
  if (kept.length === 0) {
    const { d, ...publicKey } = await cryptoPlatform.generatePrivateKey();
    await store.addFirst({ kid: thumbprintOf(publicKey), publicKey, d, createdAt: at });
    kept = await store.list();
  }
  const [newest] = kept;
  const oldest = kept.at(-1);
  if (newest === undefined || oldest === undefined)
    throw new Error('The store did not keep the issuer’s key.');
  const jwk = { ...newest.publicKey, d: newest.d };
  return {
    keys: new Map(kept.map((key) => [key.kid, formsOf(key)])),
    signing: {
      ...formsOf(newest),
      privatePem: createPrivateKey({ key: jwk, format: 'jwk' })
        .export({ type: 'pkcs8', format: 'pem' })
        .toString(),
      key: await cryptoPlatform.importPrivateKey(jwk),
    },
    secret: oldest.d,
  };
};

/**
 * Holds the name under which the issuer signs to the one that it had before, by which runtimes know it.
 *
 * @throws {TypeError} for another name.
 */
export const holdName = async (store: IssuerKeyStore, name: string): Promise<void> => {
  const kept = await store.name(name);
  if (kept === name) return;
  throw new TypeError(
    `This data is of the issuer ${kept}, which runtimes have pinned, and not of ${name}. Set CD_PUSH_ISSUER to ${kept}; for another issuer, name other data (CD_PUSH_DATA or DATABASE_URL), where every runtime enrols anew.`,
  );
};

const formsOf = ({ kid, publicKey }: IssuerKey): IssuerKeyForms => ({
  kid,
  publicKey,
  publicPem: createPublicKey({ key: { ...publicKey }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString(),
});

/** JWK thumbprint (RFC 7638): SHA-256 over the required members in lexical order. */
const thumbprintOf = ({ crv, kty, x }: PublicKey): string =>
  createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
