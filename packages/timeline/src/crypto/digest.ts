import type { Digest } from '@cd-push/protocol';
import { platform } from '#crypto';

import { utf8 } from './base64url.ts';
import type { Awaitable } from './port.ts';

/** Digest of bytes, or of a text's UTF-8. */
export const digestOf = (content: string | Uint8Array): Awaitable<Digest> =>
  platform.sha256(typeof content === 'string' ? utf8(content) : content);

/** A receiver meets the same certificates with every push: one for each session that signs, one for each relay. */
const keptDigests = 64;
const digests = new Map<string, Awaitable<Digest>>();

/** The same as `digestOf`, for texts that come again and again: known by the whole text, not made anew. */
export const repeatedDigestOf = (text: string): Awaitable<Digest> => {
  const known = digests.get(text);
  if (known !== undefined) return known;
  if (digests.size >= keptDigests) digests.clear();
  const digest = digestOf(text);
  digests.set(text, digest);
  return digest;
};
