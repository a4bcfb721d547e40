import { stripVTControlCharacters } from 'node:util';

import { cli, type OutputLine, type Run, type Workshop } from './workshop.ts';

/** A command that goes on until it is stopped. */
export interface Watching {
  /** Its end, whoever brings it about. */
  readonly run: Promise<Run>;
  readonly stop: () => Promise<Run>;
  /** The first line of data that fits. */
  readonly line: (matches: (line: OutputLine) => boolean) => Promise<OutputLine>;
  /** Resolves when the talk holds a line that fits. */
  readonly talk: (matches: RegExp) => Promise<void>;
  /** The data so far. */
  readonly lines: readonly OutputLine[];
}

/** Starts `watch --json` and resolves when it is watching. */
export const startWatch = (
  workshop: Workshop,
  { args = ['--json'], ...options }: { readonly isTTY?: boolean; readonly args?: readonly string[] } = {},
): Promise<Watching> => startLong(workshop, ['watch', ...args], { ...options, ready: /^Watching/u });

/** Starts `observe --json` and resolves when it observes. */
export const startObserve = (workshop: Workshop, ...args: readonly string[]): Promise<Watching> =>
  startLong(workshop, ['observe', '--json', ...args], { ready: /"type":"observing"/u });

/** Starts a command and resolves when a line of its data or talk fits. */
const startLong = async (
  workshop: Workshop,
  args: readonly string[],
  options: { readonly isTTY?: boolean; readonly ready: RegExp },
): Promise<Watching> => {
  const stop = new AbortController();
  const lines: OutputLine[] = [];
  const talk: string[] = [];
  const waiting = new Set<() => void>();
  const until = async <Found>(look: () => Found | undefined): Promise<Found> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    }
  };
  const ready = Promise.withResolvers<void>();
  const run = cli(args, {
    cwd: workshop.root,
    env: workshop.env,
    isTTY: options.isTTY ?? false,
    signal: stop.signal,
    onLine: (line) => {
      lines.push(JSON.parse(line) as OutputLine);
      if (options.ready.test(line)) ready.resolve();
      for (const wake of waiting) wake();
    },
    onTalk: (line) => {
      talk.push(stripVTControlCharacters(line));
      if (options.ready.test(line)) ready.resolve();
      for (const wake of waiting) wake();
    },
  });
  await Promise.race([ready.promise, run.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  return {
    run,
    stop: async () => {
      stop.abort();
      return run;
    },
    lines,
    line: (matches) => until(() => lines.find(matches)),
    talk: async (matches) => void (await until(() => talk.find((line) => matches.test(line)))),
  };
};
