import { ProblemError, problemOf } from '@cd-push/protocol';
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';

/**
 * An answer of the api as its schema reads it. The schema is walked, not compiled: these answers are few, and compiling
 * would evaluate code, which a page's policy forbids.
 *
 * @throws ProblemError `unsupported-version`: whoever answered speaks something else.
 */
export const readAnswer = <Schema extends TSchema>(
  schema: Schema,
  value: unknown,
  path: string,
): Static<Schema> => {
  if (Check(schema, value)) return value;
  throw new ProblemError(
    problemOf('unsupported-version', {
      detail: `The answer of ${path} is not one that this client understands.`,
    }),
  );
};
