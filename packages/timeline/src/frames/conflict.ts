import type { Value } from '../objects/value.ts';

export const conflictKind = 'cd-push/conflict/1';

/**
 * What nobody could merge, as a value that stands in a field or as an object of its own: every side whole, so that nothing
 * is lost until somebody settles it. A frame that holds one is not pushed. It is a type, so that it fits where a value is
 * expected.
 */
export type Conflict = {
  readonly kind: typeof conflictKind;
  /** Null where the sides have nothing in common. */
  readonly base: Value;
  /** Two or more, in the order of their canonical spellings, none twice. */
  readonly sides: readonly Value[];
};

/** Whether a value is in conflict itself. What was read from an object has the members that a conflict has to have. */
export const isConflict = (value: Value): value is Conflict =>
  typeof value === 'object' && value !== null && 'kind' in value && value['kind'] === conflictKind;
