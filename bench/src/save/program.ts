import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, watch } from 'node:fs';

/** How long a program may take to say what is waited for, and to end. */
const startMs = 60_000;
const endMs = 5_000;
/** Characters of talk that are shown with a failure. */
const tailLength = 2_000;

export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /**
   * File that takes what it says. A pipe would wake whoever reads it with every line, and so measure the reader's share of
   * the processors, too.
   */
  readonly output: string;
}

/** A Node program of the product, run as users run it. Disposing of it ends it. */
export class Program implements AsyncDisposable {
  readonly #name: string;
  readonly #output: string;
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<void>();

  constructor(name: string, args: readonly string[], { cwd, env, output }: Surroundings) {
    this.#name = name;
    this.#output = output;
    const file = openSync(output, 'w');
    this.#child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', file, file] });
    closeSync(file);
    this.#child.once('close', () => this.#ended.resolve());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * The first line in which something is found.
   *
   * @throws Error with the program's last words.
   */
  async find<Found>(read: (line: string) => Found | undefined, what: string): Promise<Found> {
    const found = Promise.withResolvers<Found>();
    const fail = (why: string): void =>
      found.reject(new Error(`${this.#name} ${why} before ${what}.\n${this.#said().slice(-tailLength)}`));
    const look = (): void => {
      // What comes after the last end of a line is still being written.
      for (const line of this.#said().split('\n').slice(0, -1)) {
        const here = read(line);
        if (here !== undefined) found.resolve(here);
      }
    };
    const watcher = watch(this.#output, look);
    const timer = setTimeout(() => fail(`took ${startMs / 1000} s`), startMs);
    void this.#ended.promise.then(() => fail('ended'));
    look();
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      watcher.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endMs);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  #said(): string {
    return readFileSync(this.#output, 'utf8');
  }
}
