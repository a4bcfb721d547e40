import type { Change } from '../line/push.ts';

/** New content that was prepared: everything that can be refused without touching what runs has been. */
export interface Staged {
  /** Puts it in place. Throws a `ProblemError` (or anything) where it cannot. */
  apply(): void | Promise<void>;
  /** Brings back what was, also after an `apply` that threw half way. */
  restore(): void | Promise<void>;
  /** Lets go of what was. */
  commit?(): void;
}

/** How one type of resource is taken in. */
export interface Component {
  /** Throws a `ProblemError` where the content is no good; touches nothing. */
  stage(changes: readonly Change[]): Staged | Promise<Staged>;
}
