import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import type { OutputLine, Workshop } from './workshop.ts';

const program = join(import.meta.dirname, '../../dist/main.js');

/** `cd-cli` as people run it, in a process of its own. */
export interface Program extends AsyncDisposable {
  readonly child: ChildProcess;
  /** The first line of data that fits. */
  readonly line: (matches: (line: OutputLine) => boolean) => Promise<OutputLine>;
  readonly lines: readonly OutputLine[];
  readonly talk: () => string;
}

const start = ({ root, env }: Workshop, args: readonly string[]) =>
  spawn(process.execPath, [program, ...args], {
    cwd: root,
    // Whatever else is set where the tests run is none of its.
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });

/** Runs one command to its end. */
export const runProgram = async (workshop: Workshop, args: readonly string[], stdin = '') => {
  const child = start(workshop, args);
  child.stdin.end(stdin);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return {
    code,
    stderr,
    json: stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as OutputLine),
  };
};

/** Starts `watch --json`, and resolves when it watches. */
export const watchProgram = async (workshop: Workshop, ...args: readonly string[]): Promise<Program> => {
  const child = start(workshop, ['watch', '--json', ...args]);
  child.stdin.end();
  let talk = '';
  child.stderr.on('data', (chunk: Buffer) => {
    talk += chunk.toString();
  });
  const lines: OutputLine[] = [];
  const waiting = new Set<() => void>();
  const wakeAll = (): void => waiting.forEach((wake) => wake());
  createInterface(child.stdout).on('line', (line) => {
    lines.push(JSON.parse(line) as OutputLine);
    wakeAll();
  });
  const ended = once(child, 'close').then(wakeAll);
  const line: Program['line'] = async (matches) => {
    for (;;) {
      const found = lines.find(matches);
      if (found !== undefined) return found;
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`It has ended: ${talk}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    }
  };
  await line(({ type }) => type === 'watching');
  return {
    child,
    line,
    lines,
    talk: () => talk,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGINT');
      await ended;
    },
  };
};
