import { ProblemError, problemOf, type Problem } from '@cd-push/protocol';

/** Whatever was thrown, as a problem. */
export const problemFrom = (error: unknown): Problem =>
  error instanceof ProblemError
    ? error.problem
    : problemOf('internal', {
        detail: error instanceof Error ? error.message : 'Something that is no error was thrown.',
      });
