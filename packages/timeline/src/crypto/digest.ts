import type { Digest } from '@cd-push/protocol';
import { platform } from '#crypto';

import { utf8 } from './base64url.ts';
import type { Awaitable } from './port.ts';

/** Digest of bytes, or of a text's UTF-8. */
export const digestOf = (content: string | Uint8Array): Awaitable<Digest> =>
  platform.sha256(typeof content === 'string' ? utf8(content) : content);
