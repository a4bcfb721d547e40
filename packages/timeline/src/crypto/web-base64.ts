/**
 * base64url without padding (RFC 4648 §5), for platforms without Node's `Buffer`. `Uint8Array.prototype.toBase64` would do
 * it, but is younger than the browsers this runs in.
 */
export const toBase64url = (bytes: Uint8Array): string => {
  let binary = '';
  // `apply` over a whole file would pass the engine's bound on arguments.
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
};

export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
};
