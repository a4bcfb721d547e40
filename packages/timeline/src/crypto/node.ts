import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  hkdfSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';

import { digestFrom, type PublicKey } from '@cd-push/protocol';

import type { CryptoPort, PrivateKeyJwk } from './port.ts';

/** Making a key object costs as much as a verification; a relay meets as many keys as it has senders. */
const keyCacheSize = 10_000;
const keys = new Map<string, KeyObject>();

const verifyingKey = ({ kty, crv, x }: PublicKey): KeyObject => {
  const known = keys.get(x);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  if (keys.size >= keyCacheSize) keys.clear();
  keys.set(x, key);
  return key;
};

export const platform: CryptoPort = {
  sha256: (bytes) => digestFrom(hash('sha256', bytes, 'base64url')),
  verify: (publicKey, signature, bytes) => {
    try {
      return verify(null, bytes, verifyingKey(publicKey), signature);
    } catch {
      return false;
    }
  },
  hkdf: (key, salt, info, length) => new Uint8Array(hkdfSync('sha256', key, salt, info, length)),
  toBase64url: ({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64url'),
  // A copy, because a small buffer is a view on a pool that others write to.
  fromBase64: (text) => new Uint8Array(Buffer.from(text, 'base64')),
  generatePrivateKey: () => {
    const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    return { kty: 'OKP', crv: 'Ed25519', x, d };
  },
  importPrivateKey: ({ kty, crv, x, d }: PrivateKeyJwk) => {
    const key = createPrivateKey({ key: { kty, crv, x, d }, format: 'jwk' });
    return { publicKey: { kty: 'OKP', crv: 'Ed25519', x }, sign: (bytes) => sign(null, bytes, key) };
  },
};
