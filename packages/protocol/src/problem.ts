import { problemKinds, type ProblemKind } from './problem-kinds.ts';
import type { Problem } from './wire/problem-schema.ts';

export interface ProblemDetails {
  /** What exactly is wrong here and what to do next; never holds a secret or foreign content. */
  readonly detail?: string | undefined;
  /** JSON pointer to the fault within what was received. */
  readonly path?: string | undefined;
  /** The file or resource at fault. */
  readonly resource?: string | undefined;
  /** The version in place, where the fault is about versions. */
  readonly current?: { readonly version: number; readonly digest: string | null } | undefined;
  /** Stack mapped back to the sources, where code failed. */
  readonly stack?: string | undefined;
  /** Seconds after which a retry makes sense. */
  readonly retryAfter?: number | undefined;
}

/** Makes a problem of a kind; members that are undefined are left out. */
export const problemOf = (kind: ProblemKind, details: ProblemDetails = {}): Problem => {
  const { status, retryable, title } = problemKinds[kind];
  const given = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
  return { type: `urn:cd-push:problem:${kind}`, title, status, kind, retryable, ...given };
};

/** A problem on its way through code that throws; what it carries may be shown to whoever caused it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail ?? problem.title, options);
    this.problem = problem;
  }
}
