import { stripVTControlCharacters } from 'node:util';

import type { CliContext } from '../cli-context.ts';

/** Lines kept free for what stands above and for the prompt. */
const margin = 2;

/**
 * Lines that are rewritten in place while something is under way, one for each key. On anything but a terminal nothing
 * is shown: the lines there are told once, when they are final.
 */
export class LiveLines {
  readonly #stream: CliContext['process']['stderr'];
  readonly #lines = new Map<string, string>();
  /** Whether lines are rewritten in place: the stream is a terminal. */
  readonly isLive: boolean;
  #drawn = 0;
  #frame: NodeJS.Immediate | undefined;

  constructor({ process: { stderr, env } }: Pick<CliContext, 'process'>) {
    this.#stream = stderr;
    this.isLive = stderr.isTTY === true && env.TERM !== 'dumb';
  }

  /** Sets one line; what is set in one turn of the event loop is drawn at once. */
  set(key: string, line: string): void {
    this.#lines.set(key, line);
    if (!this.isLive) return;
    this.#frame ??= setImmediate(() => this.#draw());
  }

  /** Leaves the lines as they stand. */
  done(): void {
    clearImmediate(this.#frame);
    if (this.isLive) this.#draw();
    else for (const line of this.#lines.values()) this.#stream.write(`${line}\n`);
    this.#lines.clear();
    this.#drawn = 0;
    this.#frame = undefined;
  }

  #draw(): void {
    this.#frame = undefined;
    // A terminal that does not know its size says 0.
    const rows = this.#stream.rows || 24;
    const columns = this.#stream.columns || 80;
    const all = [...this.#lines.values()];
    const room = Math.max(1, rows - margin);
    const hidden = all.length - room;
    const lines = hidden > 0 ? [...all.slice(0, room - 1), `… and ${hidden + 1} more`] : all;
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A` : '';
    const text = lines.map((line) => `\u001B[2K${fit(line, columns)}\n`).join('');
    this.#stream.write(`${up}${text}`);
    this.#drawn = lines.length;
  }
}

/** A line that would wrap would be counted as one and take two; one too long is shown plain and cut. */
const fit = (line: string, columns: number): string => {
  const plain = stripVTControlCharacters(line);
  return plain.length < columns ? line : `${plain.slice(0, Math.max(0, columns - 2))}…`;
};
