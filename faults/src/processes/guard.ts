import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/**
 * Ends what a run has started and removes what it has written, also where the run itself breaks off, is interrupted or
 * killed: a process of its own does it once this one is no more.
 */
export class Guard {
  readonly #child: ChildProcessByStdio<Writable, null, null>;

  constructor() {
    this.#child = spawn(process.execPath, [fileURLToPath(new URL('guard-main.ts', import.meta.url))], {
      stdio: ['pipe', 'ignore', 'inherit'],
      // A group of its own, or an interrupt from the terminal would end it first.
      detached: true,
    });
  }

  process(pid: number): void {
    this.#say(`process ${pid}`);
  }

  /** Its number may be somebody else's by now. */
  gone(pid: number): void {
    this.#say(`gone ${pid}`);
  }

  folder(path: string): void {
    this.#say(`folder ${path}`);
  }

  keep(path: string): void {
    this.#say(`keep ${path}`);
  }

  /** Resolves when everything is gone. */
  async finish(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exited;
  }

  #say(order: string): void {
    this.#child.stdin.write(`${order}\n`);
  }
}
