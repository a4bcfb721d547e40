import { styleText } from 'node:util';

import type { CliContext } from '../cli-context.ts';
import { printable } from './printable.ts';
import { usesColour } from './talk.ts';

/** Columns of plain text on stdout, for people and for awk alike: no borders, and no colour where a program reads. */
export const printTable = (
  { process: { stdout, env } }: Pick<CliContext, 'process'>,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void => {
  const plain = rows.map((row) => row.map((cell) => printable(cell.replaceAll('\n', ' '))));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...plain.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const title = line(head.map((text) => text.toUpperCase()));
  stdout.write(`${usesColour(stdout, env) ? styleText('dim', title, { validateStream: false }) : title}\n`);
  for (const row of plain) stdout.write(`${line(row)}\n`);
};
