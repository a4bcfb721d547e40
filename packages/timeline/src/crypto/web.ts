import { digestFrom, type PublicKey } from '@cd-push/protocol';

import type { CryptoPort, PrivateKeyJwk, SigningKey } from './port.ts';
import { fromBase64, toBase64url } from './web-base64.ts';

/** A page meets few keys: signers' and the issuer's. */
const keyCacheSize = 64;
const keys = new Map<string, Promise<CryptoKey>>();

const verifyingKey = (publicKey: PublicKey): Promise<CryptoKey> => {
  const known = keys.get(publicKey.x);
  if (known !== undefined) return known;
  const key = crypto.subtle.importKey('jwk', publicKey, 'Ed25519', true, ['verify']);
  if (keys.size >= keyCacheSize) keys.clear();
  keys.set(publicKey.x, key);
  return key;
};

/** A signing key around a pair that WebCrypto keeps, which may be one that cannot be exported. */
export const signingKeyOf = async (pair: CryptoKeyPair): Promise<SigningKey> => {
  const { x = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  return {
    publicKey: { kty: 'OKP', crv: 'Ed25519', x },
    sign: async (bytes) =>
      new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, copyOf(bytes))),
  };
};

/** A pair whose private half never leaves the browser; what a runtime keeps in IndexedDB. */
export const generateKeptPair = async (): Promise<CryptoKeyPair> => {
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new TypeError('This browser gave no Ed25519 key pair.');
  return pair;
};

/** WebCrypto takes views on unshared buffers only; what a decoder hands out is not typed so. */
const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

export const platform: CryptoPort = {
  sha256: async (bytes) =>
    digestFrom(toBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', copyOf(bytes))))),
  verify: async (publicKey, signature, bytes) => {
    try {
      return await crypto.subtle.verify(
        'Ed25519',
        await verifyingKey(publicKey),
        copyOf(signature),
        copyOf(bytes),
      );
    } catch {
      keys.delete(publicKey.x);
      return false;
    }
  },
  toBase64url,
  fromBase64,
  generatePrivateKey: async () => {
    const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
    if (!('privateKey' in pair)) throw new TypeError('This browser gave no Ed25519 key pair.');
    const { x = '', d = '' } = await crypto.subtle.exportKey('jwk', pair.privateKey);
    return { kty: 'OKP', crv: 'Ed25519', x, d };
  },
  importPrivateKey: async (jwk: PrivateKeyJwk) => {
    if (!/^[A-Za-z0-9_-]{43}$/.test(jwk.d)) throw new TypeError('The private key is not base64url.');
    const privateKey = await crypto.subtle.importKey('jwk', { ...jwk }, 'Ed25519', false, ['sign']);
    return {
      publicKey: { kty: 'OKP', crv: 'Ed25519', x: jwk.x },
      sign: async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, copyOf(bytes))),
    };
  },
};
