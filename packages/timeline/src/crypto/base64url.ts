import { platform } from '#crypto';

/** Bytes as base64url without padding (RFC 4648 §5). */
export const toBase64url = (bytes: Uint8Array): string => platform.toBase64url(bytes);

/** Patterns of one class each: one with a group in it runs out of stack on some megabytes. */
const alphabet = /^[A-Za-z0-9_-]*$/;
const padded = /^[A-Za-z0-9+/]*={0,2}$/;
/** What may stand last after one or two bytes beyond whole groups of three: the bits that belong to no byte are zero. */
const lastOfTwo = 'AQgw';
const lastOfThree = 'AEIMQUYcgkosw048';

/** The bytes, or undefined where the text is not canonical base64url: one value has one spelling. */
export const fromBase64url = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  isCanonical(text) ? platform.fromBase64(text.replaceAll('-', '+').replaceAll('_', '/')) : undefined;

const isCanonical = (text: string): boolean => {
  if (!alphabet.test(text)) return false;
  switch (text.length % 4) {
    case 0:
      return true;
    case 2:
      return lastOfTwo.includes(text.at(-1) ?? '');
    case 3:
      return lastOfThree.includes(text.at(-1) ?? '');
    default:
      return false;
  }
};

/** Bytes of padded standard base64, or undefined where the text is none. */
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  text.length % 4 === 0 && padded.test(text) ? platform.fromBase64(text) : undefined;

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
