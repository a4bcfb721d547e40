import type { CliContext } from '../cli-context.ts';
import { fold } from './fold.ts';
import { Pen } from './pen.ts';

/** Speaks with people on stderr; data goes to stdout, so that a pipe gets nothing else. */
export class Talk {
  readonly screen: CliContext['screen'];
  readonly pen: Pen;

  constructor({ screen, process: { stderr, env } }: Pick<CliContext, 'process' | 'screen'>) {
    this.screen = screen;
    this.pen = new Pen(stderr, env);
  }

  say(text = ''): void {
    this.screen.say(text);
  }

  /** Says a sentence, in lines that fit. */
  tell(text: string): void {
    this.say(fold(text, this.pen.columns).join('\n'));
  }

  warn(text: string): void {
    this.#labelled('warning', 'yellow', text);
  }

  /** What can be done about what was just said. */
  next(text: string): void {
    this.#labelled('next', 'cyan', text);
  }

  /** Why the command ends without having done what it was to do. */
  error(text: string): void {
    this.#labelled('error', 'red', text);
  }

  #labelled(label: string, colour: Parameters<Pen['paint']>[0], text: string): void {
    const indent = ' '.repeat(label.length + 1);
    const lines = fold(text, this.pen.columns, indent).join('\n');
    this.say(`${this.paint(colour, label)} ${lines.slice(indent.length)}`);
  }

  paint(...args: Parameters<Pen['paint']>): string {
    return this.pen.paint(...args);
  }
}
