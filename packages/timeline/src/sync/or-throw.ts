import { ProblemError, problemOf, type Problem, type Result } from '@cd-push/protocol';

import { readAddress, type Address } from '../objects/address.ts';

/** The value of a step, for code whose caller catches the problem. */
export const orThrow = <Value>(result: Result<Value, Problem>): Value => {
  if (!result.ok) throw new ProblemError(result.problem);
  return result.value;
};

/**
 * An address as it came over the wire, where its schema has looked at its letters alone.
 *
 * @throws {ProblemError} `invalid-request`.
 */
export const toAddress = (text: string): Address => {
  const read = readAddress(text);
  if (read === undefined)
    throw new ProblemError(problemOf('invalid-request', { detail: `"${text}" is no address.` }));
  return read.address;
};

export const toAddresses = (texts: readonly string[]): readonly Address[] => texts.map(toAddress);
