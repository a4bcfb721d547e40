import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, readdirSync, readFileSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import type { Account } from './binaries.ts';
import type { Guard } from './guard.ts';

/** How a process is started, and how it says that it is ready. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Runs as somebody else; only the superuser can ask for that. */
  readonly as?: Account | undefined;
  /** Found in a line of its output once it is ready; its first group is kept. */
  readonly ready: RegExp;
}

/** A process that ended without being told to. */
export interface Death {
  readonly name: string;
  readonly how: string;
}

export interface Keeping {
  readonly guard: Guard;
  /** Folder for what processes print. */
  readonly outputs: string;
  readonly died: (death: Death) => void;
  /** Aborted when nothing is to be kept up any more. */
  readonly over: AbortSignal;
}

interface Running {
  readonly child: ChildProcess;
  /** Whether it got ready before it ended. */
  readonly ready: Promise<boolean>;
  readonly exited: Promise<void>;
}

/** A process that was started again and again and did not get ready. */
export class DoesNotStart extends Error {
  override readonly name = 'DoesNotStart';

  constructor(process: string, lastLines: readonly string[]) {
    super(`${process} does not start. It said last:\n${lastLines.join('\n')}`);
  }
}

/** Longest that a start may take, with all that it may have to wait for. */
const patienceMs = 120_000;
const keptLines = 8;
/** Before one that has ended by itself is started again. */
const againMs = 250;

/** A process that is kept up: it is started again when it ends by itself, and stays down after a kill until it is started. */
export class KeptProcess {
  readonly #spec: ProcessSpec;
  readonly #keeping: Keeping;
  readonly #output: WriteStream;
  #running: Running | undefined;
  #isWanted = false;
  #announced = '';
  #lastLines: string[] = [];
  /** Since it was ready last. */
  #deaths = 0;

  constructor(spec: ProcessSpec, keeping: Keeping) {
    this.#spec = spec;
    this.#keeping = keeping;
    this.#output = createWriteStream(join(keeping.outputs, `${spec.name}.log`), { flags: 'a' });
  }

  get name(): string {
    return this.#spec.name;
  }

  /** What the process said when it was ready last, such as where it listens; empty before that. */
  get announced(): string {
    return this.#announced;
  }

  get isUp(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Starts it unless it runs, as often as it takes, and resolves once it is ready.
   *
   * @throws DoesNotStart where it is not ready after a while; the signal's reason.
   */
  async start(signal?: AbortSignal): Promise<void> {
    this.#isWanted = true;
    const { over } = this.#keeping;
    const patience = AbortSignal.timeout(patienceMs);
    const given = signal === undefined ? [over] : [over, signal];
    const until = AbortSignal.any([...given, patience]);
    while (!until.aborted) {
      const running = (this.#running ??= this.#spawn());
      const isReady = await orAborted(running.ready, until);
      if (isReady) return;
      await pause(againMs);
    }
    for (const one of given) one.throwIfAborted();
    throw new DoesNotStart(this.name, this.#lastLines);
  }

  /**
   * Ends it, by SIGKILL unless told otherwise. It stays down until it is started.
   *
   * @returns whether there was something to end.
   */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<boolean> {
    this.#isWanted = false;
    const running = this.#running;
    if (running === undefined) return false;
    // One that was stopped would not hear of it.
    this.signal('SIGCONT');
    running.child.kill(signal);
    await running.exited;
    return true;
  }

  /** Sends a signal to it and to what it has started itself. */
  signal(signal: NodeJS.Signals): void {
    for (const pid of this.pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  /** Its own and those of what it has started; none while it is down. */
  get pids(): readonly number[] {
    const pid = this.#running?.child.pid;
    return pid === undefined ? [] : [pid, ...childrenOf(pid)];
  }

  /** Whose process it is, where that is not this one's owner. */
  get owner(): Account | undefined {
    return this.#spec.as;
  }

  /** Says something on its standard input. */
  say(line: string): void {
    this.#running?.child.stdin?.write(`${line}\n`);
  }

  #spawn(): Running {
    const { command, args, env, as } = this.#spec;
    const child = spawn(command, args, {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: 'pipe',
      // An interrupt from the terminal is for the run alone, which ends them in its own way.
      detached: true,
      ...as,
    });
    const { pid } = child;
    if (pid !== undefined) this.#keeping.guard.process(pid);
    const ready = Promise.withResolvers<boolean>();
    child.stdin.on('error', () => undefined);
    for (const output of [child.stdout, child.stderr]) this.#hear(output, () => ready.resolve(true));
    const exited = new Promise<void>((resolve) => {
      const end = (how: string): void => {
        if (pid !== undefined) this.#keeping.guard.gone(pid);
        this.#output.write(`--- ended: ${how}\n`);
        this.#running = undefined;
        ready.resolve(false);
        resolve();
        if (this.#isWanted && !this.#keeping.over.aborted) this.#revive(how);
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
    return { child, ready: ready.promise, exited };
  }

  #revive(how: string): void {
    if (this.#deaths === 0) this.#keeping.died({ name: this.name, how });
    this.#deaths += 1;
    setTimeout(() => {
      if (this.#isWanted && this.#running === undefined)
        this.start(this.#keeping.over).catch(() => undefined);
    }, againMs).unref();
  }

  #hear(output: Readable, ready: () => void): void {
    createInterface({ input: output }).on('line', (line) => {
      this.#output.write(`${line}\n`);
      this.#lastLines = [...this.#lastLines, line].slice(-keptLines);
      const found = this.#spec.ready.exec(line);
      if (found === null) return;
      this.#announced = found[1] ?? '';
      this.#deaths = 0;
      ready();
    });
  }
}

/** Processes that this one has started, and theirs. */
const childrenOf = (parent: number): number[] =>
  (existsSync('/proc') ? readdirSync('/proc') : [])
    .filter((name) => /^\d+$/u.test(name) && parentOf(name) === parent)
    .flatMap((name) => [Number(name), ...childrenOf(Number(name))]);

const parentOf = (pid: string): number | undefined => {
  try {
    // The second field is a name in parentheses, which may hold anything.
    const [, , parent] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(')').at(-1)?.split(' ') ?? [];
    return Number(parent);
  } catch {
    return undefined;
  }
};

/** What it resolves to, or false once the signal is aborted. */
const orAborted = async (promise: Promise<boolean>, signal: AbortSignal): Promise<boolean> => {
  const aborted = Promise.withResolvers<false>();
  const abort = (): void => aborted.resolve(false);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};
