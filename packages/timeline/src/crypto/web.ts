import { digestFrom, ProblemError, problemOf, type PublicKey } from '@cd-push/protocol';

import type { CryptoPort, PrivateKeyJwk, SigningKey } from './port.ts';
import { fromBase64, toBase64url } from './web-base64.ts';

/** Browsers give `crypto.subtle` to secure contexts alone, whatever its type says. */
const subtle = (): SubtleCrypto => {
  if ('subtle' in crypto) return crypto.subtle;
  throw new ProblemError(problemOf('insecure-context'));
};

/** A page meets few keys: signers' and the issuer's. */
const keyCacheSize = 64;
const keys = new Map<string, Promise<CryptoKey>>();

const verifyingKey = (publicKey: PublicKey): Promise<CryptoKey> => {
  const known = keys.get(publicKey.x);
  if (known !== undefined) return known;
  const key = subtle().importKey('jwk', publicKey, 'Ed25519', true, ['verify']);
  if (keys.size >= keyCacheSize) keys.clear();
  keys.set(publicKey.x, key);
  return key;
};

/** A signing key around a pair that WebCrypto keeps, which may be one that cannot be exported. */
export const signingKeyOf = async (pair: CryptoKeyPair): Promise<SigningKey> => {
  const { x = '' } = await subtle().exportKey('jwk', pair.publicKey);
  return {
    publicKey: { kty: 'OKP', crv: 'Ed25519', x },
    sign: async (bytes) => new Uint8Array(await subtle().sign('Ed25519', pair.privateKey, copyOf(bytes))),
  };
};

/** A pair whose private half never leaves the browser; what a runtime keeps in IndexedDB. */
export const generateKeptPair = async (): Promise<CryptoKeyPair> => {
  const pair = await subtle().generateKey('Ed25519', false, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new TypeError('This browser gave no Ed25519 key pair.');
  return pair;
};

/** WebCrypto takes views on unshared buffers only; what a decoder hands out is not typed so. */
const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

export const platform: CryptoPort = {
  sha256: async (bytes) =>
    digestFrom(toBase64url(new Uint8Array(await subtle().digest('SHA-256', copyOf(bytes))))),
  verify: async (publicKey, signature, bytes) => {
    const platformCrypto = subtle();
    try {
      return await platformCrypto.verify(
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
  hkdf: async (key, salt, info, length) => {
    const material = await subtle().importKey('raw', copyOf(key), 'HKDF', false, ['deriveBits']);
    const parameters = { name: 'HKDF', hash: 'SHA-256', salt: copyOf(salt), info: copyOf(info) };
    return new Uint8Array(await subtle().deriveBits(parameters, material, length * 8));
  },
  toBase64url,
  fromBase64,
  generatePrivateKey: async () => {
    const pair = await subtle().generateKey('Ed25519', true, ['sign', 'verify']);
    if (!('privateKey' in pair)) throw new TypeError('This browser gave no Ed25519 key pair.');
    const { x = '', d = '' } = await subtle().exportKey('jwk', pair.privateKey);
    return { kty: 'OKP', crv: 'Ed25519', x, d };
  },
  importPrivateKey: async (jwk: PrivateKeyJwk) => {
    if (!/^[A-Za-z0-9_-]{43}$/.test(jwk.d)) throw new TypeError('The private key is not base64url.');
    const privateKey = await subtle().importKey('jwk', { ...jwk }, 'Ed25519', false, ['sign']);
    return {
      publicKey: { kty: 'OKP', crv: 'Ed25519', x: jwk.x },
      sign: async (bytes) => new Uint8Array(await subtle().sign('Ed25519', privateKey, copyOf(bytes))),
    };
  },
};
