import type { Digest } from '@cd-push/protocol';
import { platform } from '#crypto';

import { fromBase32, toBase32 } from '../crypto/base32.ts';
import { fromBase64url, toBase64url } from '../crypto/base64url.ts';
import type { Awaitable } from '../crypto/port.ts';

declare const addressBrand: unique symbol;

/** Where an object is found by what it is: a CIDv1 in base32, over SHA-256. */
export type Address = string & { readonly [addressBrand]: true };

/** Structured objects are canonical JSON, blobs are bytes as they are; the codec keeps their addresses apart. */
export type Codec = 'json' | 'raw';

/**
 * What stands before the digest: the version of the CID, the codec as a varint (multicodec: `json` is 0x0200, `raw` 0x55), and of the multihash that it is SHA-256 (0x12) of 32 bytes (0x20).
 */
const prefixes: Readonly<Record<Codec, readonly number[]>> = {
  json: [0x01, 0x80, 0x04, 0x12, 0x20],
  raw: [0x01, 0x55, 0x12, 0x20],
};
const digestPrefix = 'sha256-';

/** Address of bytes. */
export const addressOf = (codec: Codec, bytes: Uint8Array): Awaitable<Address> => {
  const digest = platform.sha256(bytes);
  return digest instanceof Promise
    ? digest.then((later) => addressOfDigest(codec, later))
    : addressOfDigest(codec, digest);
};

/** Address of what has this digest. A blob's is known from a signed head without the bytes. */
export const addressOfDigest = (codec: Codec, digest: Digest): Address => {
  const bytes = fromBase64url(digest.slice(digestPrefix.length));
  if (bytes?.length !== 32) throw new TypeError(`"${digest}" is no SHA-256 digest.`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here
  return spelled(codec, bytes) as Address;
};

/** Multibase: base32 says itself by a `b`. */
const spelled = (codec: Codec, digest: Uint8Array): string =>
  `b${toBase32(Uint8Array.of(...prefixes[codec], ...digest))}`;

/** What an address says. */
interface ReadAddress {
  readonly address: Address;
  readonly codec: Codec;
  readonly digest: Digest;
}

/** The same come again and again, in parents and links; to read one costs several times as much as to hash a small object. */
const keptAddresses = 10_000;
const known = new Map<string, ReadAddress>();

/** What an address says, or undefined where the text is none of ours: one address has one spelling. */
export const readAddress = (text: string): ReadAddress | undefined => {
  const before = known.get(text);
  if (before !== undefined) return before;
  const read = addressIn(text);
  if (read === undefined) return undefined;
  if (known.size >= keptAddresses) known.clear();
  known.set(text, read);
  return read;
};

export const isAddress = (text: unknown): text is Address =>
  typeof text === 'string' && readAddress(text) !== undefined;

/** A CIDv1 of ours has 59 characters, or 61; nothing longer is looked at. */
const addressPattern = /^b[a-z2-7]{58,60}$/;

const addressIn = (text: string): ReadAddress | undefined => {
  if (!addressPattern.test(text)) return undefined;
  const digest = fromBase32(text.slice(1)).slice(-32);
  const codec = (['json', 'raw'] as const).find((one) => spelled(one, digest) === text);
  if (codec === undefined) return undefined;
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here
    address: text as Address,
    codec,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here
    digest: `${digestPrefix}${toBase64url(digest)}` as Digest,
  };
};
