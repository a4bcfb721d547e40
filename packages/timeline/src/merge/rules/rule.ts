import type { Hunk } from '../merge-lines.ts';
import type { Preceding } from '../preceding.ts';
import type { Language } from '../syntax.ts';
import type { Whole } from '../whole.ts';

/** Where both changed the same tokens, or put something at the same place. */
export interface Collision extends Hunk {
  readonly language: Language;
  /** What is merged already, up to here. */
  readonly before: Preceding;
  /** The texts that it is in. */
  readonly whole: Whole;
}

/**
 * What stands where the sides collide; undefined where the rule does not know. A rule gives the same whichever side is called
 * ours, and brings nothing back that a side removed. What a side wrote is in it, in its words if not in its spacing; the one
 * exception is a version below the one that stands.
 */
export type Rule = (collision: Collision) => string | undefined;
