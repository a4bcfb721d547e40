import { createHash } from 'node:crypto';

import { digestFrom, type Digest } from '@cd-push/protocol';

/** Digest of a text's UTF-8. */
export const textDigest = (text: string): Digest =>
  digestFrom(createHash('sha256').update(text).digest('base64url'));
