import type { PatchHead } from '@cd-push/protocol';

import type { Standing } from '../record/running-state.ts';

/** The base explains everything; a push that names no predecessor replaces whatever is there, as only its signer can say. */
export const followsFrom = ({ predecessor }: PatchHead, { version, digest, latest }: Standing): boolean =>
  version === 0 || predecessor === null || predecessor === digest || predecessor === latest.digest;
