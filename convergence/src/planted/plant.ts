import type { Count } from '../checker/finding.ts';
import type { Engine } from '../engine/engine.ts';

/** A fault that is put into what is judged. */
export interface Plant {
  readonly name: string;
  /** The counts of which one at least must not be 0. */
  readonly foundBy: readonly Count[];
  readonly into: (engine: Engine) => Engine;
}
