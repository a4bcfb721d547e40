import { createHash } from 'node:crypto';

import { digestFrom, type Digest } from '@cd-push/protocol';

/** The digest under which content travels: of exactly these bytes, or of a text's UTF-8. */
export const contentDigest = (content: string | Uint8Array): Digest =>
  digestFrom(createHash('sha256').update(content).digest('base64url'));
