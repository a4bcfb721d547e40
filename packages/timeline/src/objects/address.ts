import type { Digest } from '@cd-push/protocol';
import { CID } from 'multiformats/cid';
import { create as multihash } from 'multiformats/hashes/digest';
import { platform } from '#crypto';

import { fromBase64url, toBase64url } from '../crypto/base64url.ts';
import type { Awaitable } from '../crypto/port.ts';

declare const addressBrand: unique symbol;

/** Where an object is found by what it is: a CIDv1 in base32, over SHA-256. */
export type Address = string & { readonly [addressBrand]: true };

/** Structured objects are canonical JSON, blobs are bytes as they are; the codec keeps their addresses apart. */
export type Codec = 'json' | 'raw';

/** Of the multicodec table. */
const codes: Readonly<Record<Codec, number>> = { json: 0x02_00, raw: 0x55 };
const sha256Code = 0x12;
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
  return CID.createV1(codes[codec], multihash(sha256Code, bytes)).toString() as Address;
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
  if (!addressPattern.test(text)) return undefined;
  const cid = parse(text);
  if (cid === undefined || cid.version !== 1 || cid.multihash.code !== sha256Code) return undefined;
  if (cid.multihash.digest.length !== 32 || cid.toString() !== text) return undefined;
  const codec = cid.code === codes.json ? 'json' : cid.code === codes.raw ? 'raw' : undefined;
  if (codec === undefined) return undefined;
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here
    address: text as Address,
    codec,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here
    digest: `${digestPrefix}${toBase64url(cid.multihash.digest)}` as Digest,
  };
};

const parse = (text: string): CID | undefined => {
  try {
    return CID.parse(text);
  } catch {
    return undefined;
  }
};
