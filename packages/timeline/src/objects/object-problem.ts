import { problemOf, refuse, type Problem, type ProblemKind, type Result } from '@cd-push/protocol';

import type { Address } from './address.ts';

/** What can be wrong with objects and with what they say of each other. */
export type ObjectProblemKind = Extract<
  ProblemKind,
  'bad-object' | 'bad-frame' | 'missing-object' | 'tip-moved' | 'too-large'
>;

/** A fault before it is known of which object. */
export interface Fault {
  readonly kind: ObjectProblemKind;
  readonly detail: string;
  /** JSON pointer into the object. */
  readonly path: string;
}

/** The address stands in `resource`, the place within the object in `path`. */
export const objectProblem = (
  kind: ObjectProblemKind,
  address: Address,
  detail: string,
  path?: string,
): Problem => problemOf(kind, { detail, path, resource: address });

export const refuseFault = (address: Address, { kind, detail, path }: Fault): Result<never, Problem> =>
  refuse(objectProblem(kind, address, detail, path));
