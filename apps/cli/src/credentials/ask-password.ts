import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

import { usageError } from '../cli-error.ts';
import type { CliContext } from '../cli-context.ts';

/** A password is one line of text; what is longer was not meant as one. */
const longest = 1024;

/**
 * A password typed without echo, or the first line of a stdin that is no terminal. Never an argument: those are seen by
 * everyone on the machine and kept in the shell's history.
 */
export const askPassword = async (
  { process: { stdin, stderr }, signal }: CliContext,
  question: string,
): Promise<string> => {
  const line =
    stdin.isTTY === true ? await askHidden(stdin, stderr, question, signal) : await firstLine(stdin, signal);
  if (line === '')
    throw usageError('No password was given.', 'Type it, or pipe it in: cd-cli login < password.txt');
  if (line.length > longest)
    throw usageError(`A password of more than ${longest} characters is not accepted.`);
  return line;
};

/** One visible line, for a name. */
export const askLine = async (
  { process: { stdin, stderr }, signal }: CliContext,
  question: string,
): Promise<string> => {
  const lines = createInterface({ input: stdin, output: stderr, terminal: stdin.isTTY === true });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  lines.question(question, { signal }, resolve);
  lines.once('close', () => reject(new Error('The input ended.')));
  try {
    return (await promise).trim();
  } finally {
    lines.close();
  }
};

const askHidden = async (
  stdin: CliContext['process']['stdin'],
  stderr: CliContext['process']['stderr'],
  question: string,
  signal: AbortSignal,
): Promise<string> => {
  // The line editor works as usual; what it would echo goes nowhere. It takes the terminal over from the system's own
  // echo before anyone is asked, so that nothing typed early is shown either.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true });
  stderr.write(question);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  lines.question('', { signal }, resolve);
  lines.once('close', () => reject(new Error('The input ended.')));
  lines.once('SIGINT', () => lines.close());
  try {
    return await promise;
  } finally {
    lines.close();
    stderr.write('\n');
  }
};

const firstLine = async (stdin: CliContext['process']['stdin'], signal: AbortSignal): Promise<string> => {
  const lines = createInterface({ input: stdin, signal, crlfDelay: Infinity });
  for await (const line of lines) {
    lines.close();
    return line;
  }
  return '';
};
