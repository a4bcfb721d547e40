import type { Bar, Figure, Machine } from './result.ts';

/** The figures as lines for people. */
export const tableOf = (figures: readonly Figure[]): string => {
  const rows = [
    ['figure', 'ratio', 'bare', 'min', 'max', 'bar', ''],
    ...figures.map((figure) => [
      figure.id,
      `${numberOf(figure.ratio)}${figure.unit === undefined ? '' : ` ${figure.unit}`}`,
      numberOf(figure.bare),
      numberOf(figure.min),
      numberOf(figure.max),
      barOf(figure.bar),
      verdictOf(figure),
    ]),
  ];
  return aligned(rows, (column) => column > 0 && column < 6);
};

/** Rows of cells as lines with aligned columns. */
export const aligned = (
  rows: readonly (readonly string[])[],
  isNumber: (column: number) => boolean,
): string => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const filled = (cell: string, column: number): string =>
    isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(filled).join('  ').trimEnd()).join('\n');
};

export const machineLines = ({ pinned, ...machine }: Machine): string =>
  [
    `Node ${machine.node}, ${machine.platform}, ${machine.processors} × ${machine.processor}, ${machine.memoryGb} GB, commit ${machine.commit}`,
    `load ${machine.load.start.toFixed(1)} → ${machine.load.end.toFixed(1)}, ${pinned === null ? 'not pinned' : `servers on processor ${pinned.servers}, clients on ${pinned.clients}`}`,
    ...Object.entries(machine.fsync).map(([journal, policy]) => `fsync, ${journal}: ${policy}`),
  ].join('\n');

const numberOf = (value: number | null): string => {
  if (value === null) return '-';
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
};

const barOf = (bar: Bar | null): string => {
  if (bar === null) return '';
  return 'atMost' in bar ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`;
};

const verdictOf = ({ holds, note }: Figure): string => {
  const verdict = holds === null ? '' : holds ? 'holds' : 'MISSED';
  return [verdict, note].filter((part) => part !== undefined && part !== '').join(', ');
};
