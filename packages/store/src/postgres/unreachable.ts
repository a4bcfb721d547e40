import { DatabaseError } from 'pg';

import { StoreError } from '../ports/store.ts';

/** Of SQLSTATE: connection exceptions, a server that shuts down or starts up, and no room for another connection. */
const passingStates = /^08|^57P0[123]|^53300/;

/** Of the system: nobody listens there, the connection broke, or the name cannot be looked up now. */
const passingCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** What the driver throws by itself; it gives these no code. */
const passingMessages = /^Connection terminated|^timeout exceeded when trying to connect|^Query read timeout/;

/**
 * Whether a store failed because its database could not be reached, was cut off, or has no room now: what was asked may be
 * asked again. Of what was to be written it is not known whether it was.
 */
export const isUnreachable = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  if (error instanceof StoreError) return error.kind === 'unreachable';
  if (error instanceof DatabaseError) return passingStates.test(error.code ?? '');
  return ('code' in error && passingCodes.has(error.code)) || passingMessages.test(error.message);
};
