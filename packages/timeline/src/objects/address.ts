import type { Digest } from '@cd-push/protocol';
import { base32 } from 'multiformats/bases/base32';
import { platform } from '#crypto';

import { fromBase64url, toBase64url } from '../crypto/base64url.ts';
import type { Awaitable } from '../crypto/port.ts';

declare const addressBrand: unique symbol;

/** Where an object is found by what it is: a CIDv1 in base32, over SHA-256. */
export type Address = string & { readonly [addressBrand]: true };

/** Structured objects are canonical JSON, blobs are bytes as they are; the codec keeps their addresses apart. */
export type Codec = 'json' | 'raw';

/**
 * What comes before the digest in the bytes of a CID: its version, 1; the codec of the multicodec table as a varint, json
 * (0x0200) or raw (0x55); SHA-256 (0x12) and the digest's length. These few are written out, as the library's whole reader
 * of CIDs would be the largest part of what a page loads for identities.
 */
const prefixes: Readonly<Record<Codec, readonly number[]>> = {
  json: [0x01, 0x80, 0x04, 0x12, 0x20],
  raw: [0x01, 0x55, 0x12, 0x20],
};
const digestBytes = 0x20;
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
  if (bytes?.length !== digestBytes) throw new TypeError(`"${digest}" is no SHA-256 digest.`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here
  return base32.encode(new Uint8Array([...prefixes[codec], ...bytes])) as Address;
};

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
  const bytes = addressPattern.test(text) ? decoded(text) : undefined;
  // The library takes no bits for spare that are not zero, so that one text alone stands for these bytes.
  const codec = bytes && codecs.find((one) => bytes.length === prefixes[one].length + digestBytes);
  if (bytes === undefined || codec === undefined) return undefined;
  if (!prefixes[codec].every((byte, index) => byte === bytes[index])) return undefined;
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here
    address: text as Address,
    codec,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here
    digest: `${digestPrefix}${toBase64url(bytes.subarray(-digestBytes))}` as Digest,
  };
};

const codecs: readonly Codec[] = ['json', 'raw'];

const decoded = (text: string): Uint8Array | undefined => {
  try {
    return base32.decode(text);
  } catch {
    return undefined;
  }
};
