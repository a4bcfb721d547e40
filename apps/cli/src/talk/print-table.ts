import type { CliContext } from '../cli-context.ts';
import { cut } from './fold.ts';
import { Pen } from './pen.ts';
import { printable } from '../printable.ts';

/**
 * Columns of plain text on stdout, for people and for awk alike: no borders, and no colour where a program reads. A
 * terminal that is too narrow gets the end of each line cut.
 */
export const printTable = (
  { screen, process: { stdout, env } }: Pick<CliContext, 'process' | 'screen'>,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void => {
  const plain = rows.map((row) => row.map((cell) => printable(cell.replaceAll('\n', ' '))));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...plain.map((row) => row[column]?.length ?? 0)),
  );
  const pen = new Pen(stdout, env);
  const line = (cells: readonly string[]): string => {
    const text = cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
    return cut(text, pen.columns, pen.marks.cut);
  };
  const title = line(head.map((text) => text.toUpperCase()));
  screen.print(`${pen.paint('dim', title)}
`);
  for (const row of plain) screen.print(`${line(row)}\n`);
};
