import { ProblemError, problemOf } from '@cd-push/protocol';

/**
 * An answer of the api, if it is one that is understood here.
 *
 * @param path that was asked for; named in the refusal.
 * @throws ProblemError `unsupported-version`: whoever answered speaks something else.
 */
export const readAnswer = <Value>(
  isUnderstood: (value: unknown) => value is Value,
  value: unknown,
  path: string,
): Value => {
  if (isUnderstood(value)) return value;
  throw new ProblemError(
    problemOf('unsupported-version', {
      detail: `The answer of ${path} is not one that this client understands.`,
    }),
  );
};
