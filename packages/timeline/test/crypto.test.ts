import { describe, expect, it, vi } from 'vitest';

import { fromBase64, fromBase64url, toBase64url, utf8 } from '../src/crypto/base64url.ts';
import { platform as node } from '../src/crypto/node.ts';
import type { CryptoPort } from '../src/crypto/port.ts';
import { generateKeptPair, platform as web, signingKeyOf } from '../src/crypto/web.ts';

/** RFC 5869 appendix A, tests 1 to 3: key, salt, info, length, what comes out, in hexadecimal. */
const derivations = [
  [
    '0b'.repeat(22),
    '000102030405060708090a0b0c',
    'f0f1f2f3f4f5f6f7f8f9',
    42,
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  ],
  [
    counted(0x00, 0x50),
    counted(0x60, 0x50),
    counted(0xb0, 0x50),
    82,
    'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  ],
  [
    '0b'.repeat(22),
    '',
    '',
    42,
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  ],
] as const;

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

/** So many bytes, each one more than the one before, in hexadecimal. */
function counted(first: number, length: number): string {
  return Buffer.from(Array.from({ length }, (_, index) => first + index)).toString('hex');
}

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array): string =>
  Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe.each<[string, CryptoPort]>([
  ['node:crypto', node],
  ['WebCrypto', web],
])('Ed25519, SHA-256 and HKDF by %s', (_name, platform) => {
  it.each(vectors)('signs and verifies as RFC 8032 says: %s', async (secret, open, message, signature) => {
    const publicKey = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(bytes(open)) } as const;
    const key = await platform.importPrivateKey({ ...publicKey, d: toBase64url(bytes(secret)) });
    expect(hex(await key.sign(bytes(message)))).toBe(signature);
    expect(await platform.verify(publicKey, bytes(signature), bytes(message))).toBe(true);
    expect(await platform.verify(publicKey, bytes(signature), bytes(`${message}00`))).toBe(false);
  });

  it('a signature has one form: with the group’s order added to its scalar it is refused', async () => {
    const [, open, message, signature] = vectors[1];
    const publicKey = { kty: 'OKP', crv: 'Ed25519', x: toBase64url(bytes(open)) } as const;
    const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
    const littleEndian = (hexadecimal: string): string => hex(bytes(hexadecimal).toReversed());
    const scalar = BigInt(`0x${littleEndian(signature.slice(64))}`) + order;
    const twin = signature.slice(0, 64) + littleEndian(scalar.toString(16).padStart(64, '0'));
    expect(await platform.verify(publicKey, bytes(signature), bytes(message))).toBe(true);
    expect(await platform.verify(publicKey, bytes(twin), bytes(message))).toBe(false);
  });

  it('a digest is SHA-256 in base64url', async () => {
    expect(await platform.sha256(utf8('abc'))).toBe('sha256-ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
  });

  it.each(derivations)('derives as RFC 5869 says: %s', async (key, salt, info, length, derived) => {
    expect(hex(await platform.hkdf(bytes(key), bytes(salt), bytes(info), length))).toBe(derived);
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

describe('outside a secure context', () => {
  it('a page has no cryptography: everything is refused with insecure-context, a signature is not just a bad one', async () => {
    vi.stubGlobal('crypto', { getRandomValues: () => undefined });
    const refused = expect.objectContaining({
      problem: expect.objectContaining({ kind: 'insecure-context' }) as unknown,
    }) as unknown;
    const publicKey = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) } as const;
    const nothing = new Uint8Array(64);
    await expect(web.verify(publicKey, nothing, nothing)).rejects.toEqual(refused);
    await expect(web.sha256(nothing)).rejects.toEqual(refused);
    await expect(web.hkdf(nothing, nothing, nothing, 32)).rejects.toEqual(refused);
    await expect(web.generatePrivateKey()).rejects.toEqual(refused);
    await expect(web.importPrivateKey({ ...publicKey, d: 'A'.repeat(43) })).rejects.toEqual(refused);
    await expect(generateKeptPair()).rejects.toEqual(refused);
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
