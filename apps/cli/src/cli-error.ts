import { exitCodes, type ExitCode } from './exit-codes.ts';

/** Ends a command with a sentence for people and what they can do next. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  /** What to do next, as a command or a sentence. */
  readonly next: string | undefined;

  constructor(
    message: string,
    { next, exitCode = exitCodes.error, cause }: { next?: string; exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.next = next;
    this.exitCode = exitCode;
  }
}

/** The command line or the settings make no sense. */
export const usageError = (message: string, next?: string): CliError =>
  new CliError(message, { exitCode: exitCodes.usage, ...(next === undefined ? {} : { next }) });
