import { proposeCompletions, run } from '@stricli/core';

import { app } from './app.ts';
import type { CliContext } from './cli-context.ts';
import { exitCodes } from './exit-codes.ts';
import { Screen } from './screen.ts';
import type { InputStream, OutputStream } from './streams.ts';

export interface CliEnvironment {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly signal: AbortSignal;
}

/** Runs one command line and gives its exit code. */
export const runCli = async (
  args: readonly string[],
  { cwd, signal, ...streams }: CliEnvironment,
): Promise<number> => {
  const screen = new Screen(streams);
  // The terminal has echoed ^C: what comes next begins on a line of its own.
  signal.addEventListener('abort', () => streams.stderr.isTTY === true && screen.say(''), { once: true });
  const context: CliContext = {
    process: { ...streams, exitCode: null },
    screen,
    cwd,
    words: args,
    signal,
    propose: (words) => proposeCompletions(app, words, context),
  };
  await run(app, args, context);
  return exitCodeFrom(context.process.exitCode);
};

/** The parser has codes below zero of its own: no such command (-5), arguments that do not fit (-4), and its failures. */
const exitCodeFrom = (code: number | string | null): number => {
  if (typeof code !== 'number') return exitCodes.ok;
  if (code === -5 || code === -4) return exitCodes.usage;
  return code < 0 ? exitCodes.error : code;
};
