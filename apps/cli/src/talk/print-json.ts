import type { CliContext } from '../cli-context.ts';

/** One JSON value on a line of its own on stdout: newline-delimited JSON wherever there is more than one. */
export const printJson = ({ screen }: Pick<CliContext, 'screen'>, value: unknown): void =>
  screen.print(`${JSON.stringify(value)}\n`);
