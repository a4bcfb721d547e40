import type { CliContext } from '../cli-context.ts';
import { printable } from '../printable.ts';

/**
 * One JSON value on a line of its own on stdout: newline-delimited JSON wherever there is more than one. What cannot be
 * seen is escaped, which means the same to a parser and does nothing to a terminal.
 */
export const printJson = ({ screen }: Pick<CliContext, 'screen'>, value: unknown): void =>
  screen.print(`${printable(JSON.stringify(value))}\n`);
