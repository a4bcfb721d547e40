import { problemOf, ProblemError } from '@cd-push/protocol';

/**
 * A part of the runtime that a page loads by itself. Where it cannot be loaded, what needs it fails, and no more: whoever
 * needs it next asks for it again.
 *
 * @throws ProblemError `internal`, which is retryable.
 */
export const onDemand = async <Part>(loading: Promise<Part>): Promise<Part> => {
  try {
    return await loading;
  } catch (error) {
    const detail = `A part of the runtime could not be loaded: ${String(error)}`;
    throw new ProblemError(problemOf('internal', { detail }), { cause: error });
  }
};
