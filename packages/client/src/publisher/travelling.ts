import type { TimelineObject } from '@cd-push/protocol';
import { readAddress, toBase64url, type StoredObject } from '@cd-push/timeline';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An object as it travels: a text where it is one, else base64. */
export const travelling = ({ address, bytes }: StoredObject): TimelineObject => {
  const text = textIn(bytes);
  if (text === undefined) return { base64: toBase64(bytes) };
  return readAddress(address)?.codec === 'json' ? { json: text } : { text };
};

const textIn = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
};

/** Bytes as padded standard base64. */
export const toBase64 = (bytes: Uint8Array): string => {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
};
