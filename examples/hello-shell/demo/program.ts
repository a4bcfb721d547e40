import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface ProgramOptions {
  /** What it is called in messages. */
  readonly name: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where its talk goes besides; what it says last is shown in any case if it fails. */
  readonly talk?: (line: string) => void;
}

/** How long a program is given to end by itself before it is ended. */
const patienceMs = 5_000;
/** Lines of talk that are kept for a failure. */
const tailLength = 20;

/** A Node program whose lines are read one by one. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #lines: string[] = [];
  readonly #tail: string[] = [];
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #onLine: () => void = () => {};

  constructor({ name, args, cwd, env, talk }: ProgramOptions) {
    this.#name = name;
    this.#child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#onLine();
    });
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      this.#tail.push(line);
      if (this.#tail.length > tailLength) this.#tail.shift();
      talk?.(line);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#tail.push(error.message));
      this.#child.once('close', () => {
        this.#hasEnded = true;
        this.#onLine();
        resolve();
      });
    });
  }

  /**
   * Takes lines of output until one says what is looked for; those before it are dropped.
   *
   * @param read gives undefined for a line that says something else.
   * @throws Error with the program's last words if it ends, or the time is over, before that.
   */
  async find<Found>(read: (line: string) => Found | undefined, what: string, timeoutMs: number): Promise<Found> {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        const found = read(line);
        if (found !== undefined) return found;
      }
      if (this.#hasEnded) throw this.#failure(`ended before ${what}`);
      if (deadline.aborted) throw this.#failure(`said nothing of ${what} within ${timeoutMs} ms`);
      await this.#news(deadline);
    }
  }

  /** Asks it to end, and resolves once it has. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #news(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        deadline.removeEventListener('abort', done);
        this.#onLine = () => {};
        resolve();
      };
      this.#onLine = done;
      deadline.addEventListener('abort', done);
    });
  }

  #failure(what: string): Error {
    const code = this.#child.exitCode === null ? '' : ` (exit code ${this.#child.exitCode})`;
    return new Error([`${this.#name} ${what}${code}.`, ...this.#tail].join('\n'));
  }
}
