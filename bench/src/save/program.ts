import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How long a program may take to say what is waited for, and to end. */
const startMs = 60_000;
const endMs = 5_000;
/** Lines of talk that are kept for a failure. */
const tailLength = 20;

/** A Node program of the product, run as users run it; its output is read line by line. Disposing of it ends it. */
export class Program implements AsyncDisposable {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #tail: string[] = [];
  readonly #heard = new Set<(line: string | undefined) => void>();
  readonly #ended = Promise.withResolvers<void>();

  constructor(name: string, args: readonly string[], { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.#name = name;
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => this.#hear(line));
    child.once('close', () => {
      this.#ended.resolve();
      for (const hear of this.#heard) hear(undefined);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * The first line from now on in which something is found.
   *
   * @throws Error with the program's last words.
   */
  async find<Found>(read: (line: string) => Found | undefined, what: string): Promise<Found> {
    const found = Promise.withResolvers<Found>();
    const fail = (why: string): void =>
      found.reject(new Error([`${this.#name} ${why} before ${what}.`, ...this.#tail].join('\n')));
    const hear = (line: string | undefined): void => {
      if (line === undefined) return fail('ended');
      const here = read(line);
      if (here !== undefined) found.resolve(here);
    };
    this.#heard.add(hear);
    const timer = setTimeout(() => fail(`took ${startMs / 1000} s`), startMs);
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      this.#heard.delete(hear);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endMs);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  #hear(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > tailLength) this.#tail.shift();
    for (const hear of this.#heard) hear(line);
  }
}
