import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

export interface Ended {
  readonly code: number | null;
  /** Each line of stdout. */
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** Runs a Node program to its end. */
export const run = async (
  args: readonly string[],
  {
    cwd,
    env,
    stdin = '',
  }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly stdin?: string },
): Promise<Ended> => {
  const child = spawn(process.execPath, args, { cwd, env, stdio: 'pipe' });
  child.stdin.end(stdin);
  return endOf(child);
};

/** What a program had said when it ended. */
export const endOf = async (child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<Ended> => {
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, lines: stdout.split('\n').filter((line) => line !== ''), stderr };
};
