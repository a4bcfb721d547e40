import { base32 } from 'multiformats/bases/base32';

/**
 * A blob's address is the digest of its bytes in another spelling: a CIDv1 (multibase base32) of codec raw (0x55) over
 * SHA-256 (0x12) of 32 (0x20) bytes.
 */
const prefix = Uint8Array.of(0x01, 0x55, 0x12, 0x20);
const digestPrefix = 'sha256-';

/** The address of the bytes that have a digest. */
export const blobAddressOf = (digest: string): string =>
  base32.encode(Buffer.concat([prefix, Buffer.from(digest.slice(digestPrefix.length), 'base64url')]));

/** The digest that an address says; undefined where it is one of a structured object. */
export const digestOfBlob = (address: string): string | undefined => {
  const bytes = base32.decode(address);
  return prefix.every((byte, index) => bytes[index] === byte)
    ? `${digestPrefix}${Buffer.from(bytes.subarray(prefix.length)).toString('base64url')}`
    : undefined;
};
