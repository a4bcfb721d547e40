import type { Digest } from '@cd-push/protocol';

import { digestOf } from '../crypto/digest.ts';
import type { Awaitable } from '../crypto/port.ts';

/** What names a row in its chain: the digest of its very text. The row after it holds this as its `previous`. */
export const auditHashOf = (text: string): Awaitable<Digest> => digestOf(text);
