import type { StructuredPatchHunk } from 'diff';

import type { Pen } from '../talk/pen.ts';
import type { Side } from './side.ts';

/** A comparison as `diff -u` and git write it, coloured where the pen colours. */
export const unified = (
  pen: Pick<Pen, 'paint'>,
  resource: string,
  [from, to]: readonly [Side, Side],
  hunks: readonly StructuredPatchHunk[],
): string => {
  const head = (sign: string, side: Side): string =>
    pen.paint('bold', `${sign} ${[resource, side.name, side.when].filter((part) => part !== '').join(' ')}`);
  const lines = [head('---', from), head('+++', to), ...hunks.flatMap((hunk) => hunkLines(pen, hunk))];
  return `${lines.join('\n')}\n`;
};

const hunkLines = (
  pen: Pick<Pen, 'paint'>,
  { oldStart, oldLines, newStart, newLines, lines }: StructuredPatchHunk,
): string[] => [
  // Of no lines the place is the one before them.
  pen.paint(
    'cyan',
    `@@ -${oldLines === 0 ? oldStart - 1 : oldStart},${oldLines} +${newLines === 0 ? newStart - 1 : newStart},${newLines} @@`,
  ),
  ...lines.map((line) => {
    if (line.startsWith('+')) return pen.paint('green', line);
    return line.startsWith('-') ? pen.paint('red', line) : line;
  }),
];
