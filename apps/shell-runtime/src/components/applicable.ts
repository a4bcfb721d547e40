import type { Change } from '../line/push.ts';
import type { Staged } from './component.ts';

/** Everything that a platform can take in; makes the parts of a push in the order in which they are applied. */
export interface Appliers {
  /** Throws a `ProblemError` where some content is no good; touches nothing. */
  stage(changes: readonly Change[]): Promise<readonly Staged[]>;
}
