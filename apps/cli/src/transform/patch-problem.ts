import { problemOf, type Problem } from '@cd-push/protocol';

/** Why a file cannot be turned into a patch, and where. Nothing is sent for it. */
export interface PatchProblem extends Problem {
  readonly kind: 'invalid-patch';
  readonly resource: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** The lines around the place, for a terminal. */
  readonly frame: string;
}

interface Fault {
  readonly resource: string;
  readonly message: string;
  /** The file's text and the offset of the fault in it, in UTF-16 units. */
  readonly text: string;
  readonly offset: number;
}

export const patchProblem = ({ resource, message, text, offset }: Fault): PatchProblem => {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  return {
    ...problemOf('invalid-patch', { resource, detail: `${resource}:${line}:${column}: ${message}` }),
    kind: 'invalid-patch',
    resource,
    line,
    column,
    frame: frameOf(text, line, column),
  };
};

const linesAround = 2;

const frameOf = (text: string, line: number, column: number): string => {
  const first = Math.max(1, line - linesAround);
  const lines = text.split('\n').slice(first - 1, line + linesAround);
  const width = String(first + lines.length - 1).length;
  return lines
    .flatMap((content, index) => {
      const number = first + index;
      const shown = `${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${content.trimEnd()}`;
      // Tabs before the place are kept, so that the caret stands below it.
      const indent = content.slice(0, column - 1).replace(/[^\t]/gu, ' ');
      return number === line ? [shown, `  ${' '.repeat(width)} | ${indent}^`] : [shown];
    })
    .join('\n');
};
