import { styleText } from 'node:util';

import type { OutputStream } from '../streams.ts';
import { marksFor, type Marks } from './marks.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How one stream is written to: its colours, its signs and its width. */
export class Pen {
  readonly marks: Marks;
  readonly #stream: OutputStream;
  readonly #colour: boolean;

  constructor(stream: OutputStream, env: Environment) {
    this.marks = marksFor(env);
    this.#stream = stream;
    // https://no-color.org: any value but the empty one says no.
    this.#colour = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  }

  /** Columns of the terminal, without bound where there is none; one that does not know its size says 0. */
  get columns(): number {
    return this.#stream.isTTY === true ? this.#stream.columns || 80 : Number.POSITIVE_INFINITY;
  }

  paint(format: Parameters<typeof styleText>[0], text: string): string {
    return this.#colour ? styleText(format, text, { validateStream: false }) : text;
  }
}
