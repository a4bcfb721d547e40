import { ProblemError, type Problem, type ProblemKind } from '@cd-push/protocol';

import { CliError } from '../cli-error.ts';
import { exitCodeOf, exitCodes, type ExitCode } from '../exit-codes.ts';

import { printable } from '../printable.ts';

/** What a person can do about each kind of problem that a command may end with. */
const nextSteps: Partial<Record<ProblemKind, string>> = {
  unauthenticated: 'Sign in: cd-cli login',
  'session-expired': 'Sign in again: cd-cli login',
  'session-revoked': 'Sign in again: cd-cli login',
  'identity-revoked': 'Sign in again, which makes another identity: cd-cli login',
  'bad-identity': 'See what is kept and what is registered: cd-cli identity show',
  'challenge-failed': 'Try again; if it stays so, sign in again: cd-cli login',
  'invalid-credentials': 'Check the name and the password, then: cd-cli login',
  'bad-certificate': 'Sign in again for a fresh certificate: cd-cli login',
  conflict: 'Take in what the other changed, then push again: it goes upon the version that is in place now.',
  'stale-version': 'Push again; the version in place is known now.',
  'no-recipients': 'See which runtimes there are: cd-cli targets --all',
  unavailable: 'Check that the stack runs (cd-cli up) and that the address is right (cd-cli config).',
  'journal-unavailable': 'Try again in a moment; nothing was accepted.',
  'rate-limited': 'Wait, then try again.',
  'approval-needed':
    'Say the same with --propose; somebody else finds it in "cd-cli proposals" and approves of it.',
  forbidden: 'Ask an admin for a grant that covers the resource and the environment.',
};

const afterFailure: Partial<Record<ProblemKind, string>> = {
  ...nextSteps,
  'apply-failed': 'correct it and push again; the version before it goes on running.',
  crashed: 'correct it and push again.',
};

/** What a person can do about a push that failed at a page or a process. */
export const failureNext = (
  { kind }: Problem,
  runtime: 'browser' | 'node' | undefined,
): string | undefined => {
  if (kind !== 'restart-required') return afterFailure[kind];
  const start = runtime === 'node' ? 'restart the process' : 'reload the page';
  return `${start}, or add import.meta.hot?.accept() to the file or to one that imports it.`;
};

/** An error as its sentence, what to do next, and the exit code that goes with it. */
export interface Explained {
  readonly sentence: string;
  readonly next: string | undefined;
  readonly exitCode: ExitCode;
  readonly problem: Problem | undefined;
}

export const explain = (error: unknown): Explained => {
  if (error instanceof CliError)
    return { sentence: error.message, next: error.next, exitCode: error.exitCode, problem: undefined };
  if (error instanceof ProblemError) return explainProblem(error.problem);
  if (error instanceof Error)
    return { sentence: error.message, next: undefined, exitCode: exitCodes.error, problem: undefined };
  return { sentence: String(error), next: undefined, exitCode: exitCodes.error, problem: undefined };
};

export const explainProblem = (problem: Problem): Explained => {
  const wait = problem.retryAfter === undefined ? '' : ` (in ${Math.ceil(problem.retryAfter)} s)`;
  return {
    sentence: `${problem.kind}: ${printable(problem.detail ?? problem.title)}${wait}`,
    next: nextSteps[problem.kind],
    exitCode: exitCodeOf(problem),
    problem,
  };
};
