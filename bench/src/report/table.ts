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
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 || column > 5 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

export const machineLines = (machine: Machine): string =>
  [
    `Node ${machine.node}, ${machine.platform}, ${machine.processors} × ${machine.processor}, ${machine.memoryGb} GB`,
    `load ${machine.load.start.toFixed(1)} → ${machine.load.end.toFixed(1)}, ${machine.pinned ? 'server and clients held to a processor each' : 'not pinned'}, fsync: ${machine.fsync}, commit ${machine.commit}`,
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
