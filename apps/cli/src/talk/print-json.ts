import type { CliContext } from '../cli-context.ts';

/** One JSON value on a line of its own on stdout: newline-delimited JSON wherever there is more than one. */
export const printJson = ({ process: { stdout } }: Pick<CliContext, 'process'>, value: unknown): void => {
  stdout.write(`${JSON.stringify(value)}\n`);
};
