import { stripVTControlCharacters } from 'node:util';

import type { OutputStream } from './streams.ts';
import { printableInColour } from './printable.ts';

/** Columns and rows of the terminal; columns are without bound where there is none. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Gives the lines that stand below everything else while something is under way. */
export type Render = (size: ScreenSize) => readonly string[];

interface Streams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Lines of the terminal that the live ones leave free. */
const margin = 2;

/**
 * The one owner of what a command writes. Talk goes to stderr and data to stdout; on a terminal, lines of what is under
 * way stand below both and are rewritten in place, and whatever is said meanwhile goes above them. Nothing that goes
 * through here moves the cursor or hides, wherever it came from.
 */
export class Screen {
  readonly #streams: Streams;
  /** Whether there are live lines at all. */
  readonly isLive: boolean;
  #render: Render | undefined;
  #drawn: readonly string[] = [];
  #frame: NodeJS.Immediate | undefined;

  constructor(streams: Streams) {
    this.#streams = streams;
    this.isLive = streams.stderr.isTTY === true && streams.env.TERM !== 'dumb';
  }

  get size(): ScreenSize {
    const { stderr } = this.#streams;
    // A terminal that does not know its size says 0.
    if (stderr.isTTY === true) return { columns: stderr.columns || 80, rows: stderr.rows || 24 };
    return { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };
  }

  /** Says something to people, for good. */
  say(text: string): void {
    this.#streams.stderr.write(`${this.#erase()}${printableInColour(text)}\n${this.#draw()}`);
  }

  /** Writes data, for programs and people. */
  print(text: string): void {
    const { stdout, stderr } = this.#streams;
    const shown = printableInColour(text);
    if (stdout.isTTY !== true || this.#drawn.length === 0) {
      stdout.write(shown);
      return;
    }
    stderr.write(this.#erase());
    stdout.write(shown);
    stderr.write(this.#draw());
  }

  /** Writes what other people wrote, for programs as it is, such as a patch; on a terminal like {@link print}. */
  pass(text: string): void {
    if (this.#streams.stdout.isTTY === true) this.print(text);
    else this.#streams.stdout.write(text);
  }

  /** Takes over the live lines; who had them before has them no longer. */
  live(render: Render): void {
    this.#render = render;
    this.refresh();
  }

  /** Draws the live lines anew; all that changes in one turn of the event loop is one drawing. */
  refresh(): void {
    if (this.isLive)
      this.#frame ??= setImmediate(() => this.#streams.stderr.write(`${this.#erase()}${this.#draw()}`));
  }

  /** Takes the live lines away, if they are still these. */
  release(render: Render): void {
    if (this.#render !== render) return;
    this.#render = undefined;
    const erased = this.#erase();
    if (erased !== '') this.#streams.stderr.write(erased);
  }

  #erase(): string {
    const drawn = this.#drawn;
    this.#drawn = [];
    if (drawn.length === 0) return '';
    const { columns } = this.size;
    // A window that has become narrower has folded what was drawn.
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return `\r\u001B[${rows}A\u001B[J`;
  }

  #draw(): string {
    clearImmediate(this.#frame);
    this.#frame = undefined;
    if (!this.isLive || this.#render === undefined) return '';
    const { columns, rows } = this.size;
    const all = this.#render({ columns, rows }).map(printableInColour);
    const room = Math.max(1, rows - margin);
    const lines = all.length > room ? [...all.slice(0, room - 1), `and ${all.length - room + 1} more`] : all;
    this.#drawn = lines;
    if (lines.length === 0) return '';
    // A line that wrapped would be counted as one and take two, and only the terminal knows how wide a glyph is.
    return `\u001B[?7l${lines.map((line) => `${line}\n`).join('')}\u001B[?7h`;
  }
}

const widthOf = (line: string): number => stripVTControlCharacters(line).length;
