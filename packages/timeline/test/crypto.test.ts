import { describe, expect, it } from 'vitest';

import { fromBase64, fromBase64url, toBase64url, utf8 } from '../src/crypto/base64url.ts';
import { platform as node } from '../src/crypto/node.ts';
import type { CryptoPort } from '../src/crypto/port.ts';
import { generateKeptPair, platform as web, signingKeyOf } from '../src/crypto/web.ts';

/** RFC 8032 §7.1, tests 1 to 3: secret key, public key, message, signature, in hexadecimal. */
const vectors = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array): string =>
  Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe.each<[string, CryptoPort]>([
  ['node:crypto', node],
  ['WebCrypto', web],
])('Ed25519 and SHA-256 by %s', (_name, platform) => {
  it.each(vectors)('signs and verifies as RFC 8032 says: %s', async (secret, open, message, signature) => {
    const publicKey = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(bytes(open)) } as const;
    const key = await platform.importPrivateKey({ ...publicKey, d: toBase64url(bytes(secret)) });
    expect(hex(await key.sign(bytes(message)))).toBe(signature);
    expect(await platform.verify(publicKey, bytes(signature), bytes(message))).toBe(true);
    expect(await platform.verify(publicKey, bytes(signature), bytes(`${message}00`))).toBe(false);
  });

  it('a digest is SHA-256 in base64url', async () => {
    expect(await platform.sha256(utf8('abc'))).toBe('sha256-ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
  });

  it('a key that is no point, or a signature of another length, is a no and not an exception', async () => {
    const [, open, message, signature] = vectors[1];
    const publicKey = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(bytes(open)) } as const;
    expect(await platform.verify({ ...publicKey, x: 'AA' }, bytes(signature), bytes(message))).toBe(false);
    expect(await platform.verify(publicKey, bytes(signature).subarray(1), bytes(message))).toBe(false);
  });

  it('a generated key signs what the other platform verifies', async () => {
    const key = await platform.importPrivateKey(await platform.generatePrivateKey());
    const signature = await key.sign(utf8('across'));
    for (const other of [node, web])
      expect(await other.verify(key.publicKey, signature, utf8('across'))).toBe(true);
  });
});

describe('a kept pair', () => {
  it('signs, and its private half cannot be exported', async () => {
    const pair = await generateKeptPair();
    const key = await signingKeyOf(pair);
    expect(await node.verify(key.publicKey, await key.sign(utf8('kept')), utf8('kept'))).toBe(true);
    await expect(crypto.subtle.exportKey('jwk', pair.privateKey)).rejects.toThrow();
  });
});

describe.each<[string, CryptoPort]>([
  ['Buffer', node],
  ['the browser’s functions', web],
])('base64 by %s', (_name, platform) => {
  it('gives back what went in, of any length', () => {
    for (let length = 0; length < 70; length++) {
      const data = Uint8Array.from({ length }, (_, index) => (index * 37 + length) % 256);
      expect(platform.toBase64url(data)).toBe(Buffer.from(data).toString('base64url'));
      expect(platform.fromBase64(Buffer.from(data).toString('base64'))).toEqual(data);
    }
  });

  it('reads its own part of a larger buffer alone', () => {
    expect(platform.toBase64url(Uint8Array.from([9, 1, 2, 3, 9]).subarray(1, 4))).toBe('AQID');
    expect(platform.fromBase64('AQID').buffer.byteLength).toBe(3);
  });
});

describe('base64url', () => {
  it('of the largest envelope is looked at without running out of stack', () => {
    expect(fromBase64url('A'.repeat(12_000_000))?.length).toBe(9_000_000);
    expect(fromBase64('A'.repeat(12_000_000))?.length).toBe(9_000_000);
  });

  it('with padding is read where it is whole, and only there', () => {
    expect(fromBase64('AAE=')).toEqual(Uint8Array.from([0, 1]));
    for (const text of ['A', 'AAE', 'AAE-', 'A===', 'AA=A']) expect(fromBase64(text)).toBeUndefined();
  });

  it('has one spelling per value: padding, other alphabets and stray bits are refused', () => {
    expect(fromBase64url('AAE')).toEqual(Uint8Array.from([0, 1]));
    for (const text of ['AAE=', 'AA+', 'A', 'AAF', 'AA E']) expect(fromBase64url(text)).toBeUndefined();
  });

  it('carries more bytes than a call takes arguments', () => {
    const many = new Uint8Array(300_000).map((_, index) => index % 251);
    expect(fromBase64url(toBase64url(many))).toEqual(many);
  });
});
