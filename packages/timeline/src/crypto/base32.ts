/**
 * base32 in lower case without padding (RFC 4648 §6). A page reads and writes addresses in no other base, and a library of
 * all of them is as large as all its checks together.
 */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

export const toBase32 = (bytes: Uint8Array): string => {
  let text = '';
  let bits = 0;
  let pending = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    for (bits += 8; bits >= 5;) text += alphabet[(pending >> (bits -= 5)) & 31] ?? '';
    pending &= 31;
  }
  return bits === 0 ? text : text + (alphabet[(pending << (5 - bits)) & 31] ?? '');
};

/** Bytes of a text in this alphabet; bits beyond the last whole byte are not looked at. */
export const fromBase32 = (text: string): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array((text.length * 5) >> 3);
  let bits = 0;
  let pending = 0;
  let at = 0;
  for (const letter of text) {
    pending = ((pending << 5) | alphabet.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) bytes[at++] = pending >> (bits -= 8);
  }
  return bytes;
};
