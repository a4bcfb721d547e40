import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** A service that runs as a process. */
export interface Running {
  /** Where it listens on this machine. */
  readonly url: string;
  /** What it has logged so far. */
  readonly lines: readonly string[];
  /** Ends it as an orchestrator does, and answers its exit code. */
  stop(): Promise<number | null>;
  /** Ends it as the loss of its machine does. */
  kill(): Promise<void>;
}

interface Program {
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A line by which it says that it is ready, with its port. */
  readonly isReady: RegExp;
}

/**
 * Runs a program and resolves once it says that it is ready.
 *
 * @throws {Error} where it ends before, with what it logged.
 */
export const run = async ({ command, folder, environment, isReady }: Program): Promise<Running> => {
  const child = spawnIn(folder, command, environment);
  const lines: string[] = [];
  const ready = Promise.withResolvers<string>();
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      lines.push(line);
      const port = isReady.exec(line)?.[1];
      if (port !== undefined) ready.resolve(`http://127.0.0.1:${port}`);
    });
  }
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  const failed = exited.then(() => {
    throw new Error(`${command.join(' ')} has ended:\n${lines.join('\n')}`);
  });
  const url = await Promise.race([ready.promise, failed]);
  // From now on it may end.
  failed.catch(() => {});
  return { url, lines, stop: () => end('SIGTERM'), kill: async () => void (await end('SIGKILL')) };
};

/** Runs a program to its end, and answers its exit code and what it said. */
export const runOnce = async (
  { command, folder, environment }: Omit<Program, 'isReady'>,
  input = '',
): Promise<{ readonly exitCode: number | null; readonly said: string }> => {
  const child = spawnIn(folder, command, environment);
  child.stdin.end(input);
  const [said] = await Promise.all([text(child.stderr), text(child.stdout), once(child, 'exit')]);
  return { exitCode: child.exitCode, said };
};

/** With this very Node where the command is `node`, as an image has one alone. */
const spawnIn = (
  folder: string,
  [program = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
) =>
  spawn(program === 'node' ? process.execPath : program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: 'pipe',
  });
