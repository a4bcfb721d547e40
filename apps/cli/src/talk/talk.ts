import { styleText } from 'node:util';

import type { CliContext } from '../cli-context.ts';

/** Speaks with people on stderr; data goes to stdout, so that a pipe gets nothing else. */
export class Talk {
  readonly #stream: CliContext['process']['stderr'];
  readonly #colour: boolean;

  constructor({ process: { stderr, env } }: Pick<CliContext, 'process'>) {
    this.#stream = stderr;
    this.#colour = usesColour(stderr, env);
  }

  get stream(): CliContext['process']['stderr'] {
    return this.#stream;
  }

  say(line = ''): void {
    this.#stream.write(`${line}\n`);
  }

  warn(line: string): void {
    this.say(`${this.paint('yellow', 'warning')} ${line}`);
  }

  paint(format: Parameters<typeof styleText>[0], text: string): string {
    return this.#colour ? styleText(format, text, { validateStream: false }) : text;
  }
}

/** https://no-color.org: any value but the empty one says no. */
export const usesColour = (
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean => stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
