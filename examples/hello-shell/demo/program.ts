import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ProgramOptions {
  /** What it is called in messages. */
  readonly name: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Its output goes where this process's does, instead of being read here. */
  readonly aloud?: boolean;
}

/** How long a program is given to end by itself before it is ended. */
const patienceMs = 5_000;
/** Lines of talk that are kept for a failure. */
const tailLength = 20;

/** A Node program whose lines are read one by one. Disposing of it ends it. */
export class Program implements AsyncDisposable {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #tail: string[] = [];
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #onNews: () => void = () => {};

  constructor({ name, args, cwd, env, aloud = false }: ProgramOptions) {
    this.#name = name;
    const output = aloud ? 'inherit' : 'pipe';
    this.#child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', output, output] });
    const { stdout, stderr } = this.#child;
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.#hear(line));
    if (stderr !== null) createInterface({ input: stderr }).on('line', (line) => this.#remember(line));
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', ({ message }) => this.#remember(message));
      this.#child.once('close', () => {
        this.#hasEnded = true;
        this.#onNews();
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
  async find<Found>(
    read: (line: string) => Found | undefined,
    what: string,
    timeoutMs: number,
  ): Promise<Found> {
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

  /** All lines of output that are left, once it has ended well. */
  async rest(): Promise<readonly string[]> {
    await this.#ended;
    if (this.#child.exitCode !== 0) throw this.#failure('failed');
    return this.#lines.splice(0);
  }

  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Asks it to end, and resolves once it has. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #hear(line: string): void {
    this.#lines.push(line);
    this.#onNews();
  }

  #remember(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > tailLength) this.#tail.shift();
  }

  async #news(deadline: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onNews = resolve;
    deadline.addEventListener('abort', () => resolve(), { once: true });
    await promise;
  }

  #failure(what: string): Error {
    const { exitCode } = this.#child;
    return new Error(
      [`${this.#name} ${what}${exitCode === null ? '' : ` (exit code ${exitCode})`}.`, ...this.#tail].join(
        '\n',
      ),
    );
  }
}
