import type { Bar } from '../measure/bars.ts';

/** The figures beside what is promised, for people. */
export const tableOf = (bars: readonly Bar[]): string => {
  const rows = bars.map(({ name, figure, promise, holds }) => [name, figure, promise, holds ? '' : 'fails']);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([name = '', figure = '', promise = '', verdict = '']) =>
      `${name.padEnd(widths[0] ?? 0)}  ${figure.padStart(widths[1] ?? 0)}  ${promise.padStart(widths[2] ?? 0)}  ${verdict}`.trimEnd(),
    )
    .join('\n');
};

export const progressLine = (done: number, cases: number): string => `${done} of ${cases} merges`;
