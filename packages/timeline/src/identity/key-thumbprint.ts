import type { Digest, PublicKey } from '@cd-push/protocol';

import { digestOf } from '../crypto/digest.ts';
import type { Awaitable } from '../crypto/port.ts';

/** Thumbprint of a key (RFC 7638): what names it, and what commits to it before it is shown. */
export const thumbprintOf = ({ crv, kty, x }: PublicKey): Awaitable<Digest> =>
  digestOf(JSON.stringify({ crv, kty, x }));
