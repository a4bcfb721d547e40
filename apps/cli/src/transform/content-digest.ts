import { createHash } from 'node:crypto';

import type { Digest } from '@cd-push/protocol';

/** The digest under which content travels: `sha256-` and base64url, of exactly these bytes (of a text: its UTF-8). */
export const contentDigest = (content: string | Uint8Array): Digest =>
  `sha256-${createHash('sha256').update(content).digest('base64url')}` as string as Digest;
