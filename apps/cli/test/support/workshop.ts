import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';

import type { CommTrack, Problem } from '@cd-push/protocol';

import { runCli } from '../../src/run-cli.ts';

/** A project in a folder of its own, with a home folder of its own. */
export interface Workshop extends Disposable {
  readonly root: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  write(path: string, text: string): void;
}

export const makeWorkshop = (files: Readonly<Record<string, string>> = {}): Workshop => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cd-cli-test-')));
  const root = join(folder, 'shop');
  const home = join(folder, 'home');
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  mkdirSync(root);
  mkdirSync(home);
  for (const [path, text] of Object.entries(files)) write(path, text);
  return {
    root,
    home,
    env: { HOME: home, XDG_CONFIG_HOME: join(home, '.config') },
    write,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
};

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What comes in, at once or when a test writes it. */
  readonly stdin?: string | Readable;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly signal?: AbortSignal;
  /** Hears each line of stdout when it is there. */
  readonly onLine?: (line: string) => void;
  /** Hears each line of stderr. */
  readonly onTalk?: (line: string) => void;
}

/** What tests read of a line of `--json` output. */
export interface OutputLine {
  readonly [member: string]: unknown;
  readonly type?: string;
  readonly pushGuid?: string;
  readonly outcome?: string;
  readonly commTrack?: CommTrack;
  readonly recipients?: readonly {
    readonly recipient: string;
    readonly name?: string;
    readonly stage: string;
    readonly commTrack: CommTrack;
    readonly problem?: Problem;
  }[];
}

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stdout as JSON. */
  readonly json: readonly OutputLine[];
}

/** Runs one command line in this process, with streams of its own. */
export const cli = async (args: readonly string[], options: RunOptions): Promise<Run> => {
  const { stdin: given = '', isTTY = false } = options;
  const stdin = Object.assign(
    given instanceof Readable ? given : Readable.from(given === '' ? [] : [given]),
    { isTTY },
  );
  const stdout = gather(options, options.onLine);
  const stderr = gather(options, options.onTalk);
  const code = await runCli(args, {
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: options.env ?? {},
    cwd: options.cwd,
    signal: options.signal ?? new AbortController().signal,
  });
  const text = stdout.text();
  return {
    code,
    stdout: text,
    stderr: stderr.text(),
    get json() {
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as OutputLine);
    },
  };
};

const gather = ({ isTTY = false, columns = 200 }: RunOptions, onLine?: (line: string) => void) => {
  const stream = Object.assign(new PassThrough(), { isTTY, columns, rows: 24 });
  let text = '';
  let told = 0;
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    for (let end = text.indexOf('\n', told); end >= 0; end = text.indexOf('\n', told)) {
      onLine?.(text.slice(told, end));
      told = end + 1;
    }
  });
  return { stream, text: () => text };
};
