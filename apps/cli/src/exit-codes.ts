import type { Problem } from '@cd-push/protocol';

/** What the shell gets to know, in one place; scripts and agents branch on these. */
export const exitCodes = {
  ok: 0,
  /** Refused, failed everywhere, or broken: the message says what. */
  error: 1,
  /** The command line or the settings make no sense. */
  usage: 2,
  /** The push was accepted, and at least one recipient did not get to the stage that was waited for. */
  partial: 3,
  /** The time given by `--timeout` ended first. */
  timeout: 4,
  /** Nobody is signed in, or the session is no good any more. */
  authentication: 5,
  /** Someone else changed the resource first. */
  conflict: 6,
  /** An audit holds together, and nobody vouches that it is all there, or that it is all by now. */
  unproven: 7,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit code that a problem ends a command with. */
export const exitCodeOf = ({ kind, status }: Problem): ExitCode => {
  if (kind === 'conflict' || kind === 'stale-version') return exitCodes.conflict;
  if (kind === 'timeout') return exitCodes.timeout;
  if (kind === 'identity-revoked') return exitCodes.authentication;
  return status === 401 ? exitCodes.authentication : exitCodes.error;
};
