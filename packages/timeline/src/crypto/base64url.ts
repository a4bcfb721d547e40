/**
 * base64url without padding (RFC 4648 §5). `Uint8Array.prototype.toBase64` would do it, but is younger than the browsers
 * this runs in.
 */
export const toBase64url = (bytes: Uint8Array): string => {
  let binary = '';
  // `apply` over a whole file would pass the engine's bound on arguments.
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
};

/** Whole groups of four, then a rest whose last character leaves the bits at zero that belong to no byte. */
const canonical = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$/;

/** The bytes, or undefined where the text is not canonical base64url: one value has one spelling. */
export const fromBase64url = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  canonical.test(text) ? fromBase64(text.replaceAll('-', '+').replaceAll('_', '/')) : undefined;

/** Bytes of standard base64 whose alphabet was checked already. */
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
};

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
