import type { Result } from '@cd-push/protocol';

import type { Address } from './address.ts';
import type { Members } from './members.ts';
import type { Fault } from './object-problem.ts';

/** Reads objects of a kind that is kept beside frames and says who may do what with them: identities, sessions. */
export interface ControlKind {
  /** `cd-push/<name>/<version>`. */
  readonly kind: string;
  /** What the members say, and every address that they refer to. Spelling, depth and forbidden keys were checked. */
  read(members: Members): Result<{ readonly value: unknown; readonly refers: readonly Address[] }, Fault>;
}
