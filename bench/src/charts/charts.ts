import { Type, type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

import type { Figure, Machine, Result } from '../report/result.ts';
import { drawBars, type Bar, type BarChart } from './bar-chart.ts';

interface Chart {
  readonly name: string;
  readonly svg: string;
}

/** Every chart for which a result has what it takes. */
export const chartsOf = (result: Result): Chart[] => {
  const note = noteOf(result.machine);
  const charts: Record<string, Omit<BarChart, 'note'>> = {
    bars: askedFor(result.figures),
    push: pushChart(result),
    'fan-out': fanOutChart(result),
    growth: growthChart(result),
    save: saveChart(result),
  };
  return Object.entries(charts).flatMap(([name, chart]) => {
    const groups = chart.groups.filter(({ bars }) => bars.length > 0);
    return groups.length === 0 ? [] : { name, svg: drawBars({ ...chart, groups, note }) };
  });
};

const noteOf = ({ node, processors, processor, commit, load }: Machine): string =>
  `Node ${node}, ${processors} × ${processor}, load ${load.start.toFixed(1)} → ${load.end.toFixed(1)}, commit ${commit}`;

/** Each figure in parts of what is asked for, turned so that less is better. */
const askedFor = (figures: readonly Figure[]): Omit<BarChart, 'note'> => ({
  title: 'What is asked for, and what was measured',
  unit: 'in parts of what is asked for, less is better: blue holds, amber does not; behind the name the figure itself',
  mark: { at: 1, label: 'asked for' },
  groups: [
    {
      label: '',
      bars: figures.flatMap(({ id, ratio, min, max, bar, unit }): Bar[] => {
        if (ratio === null || min === null || max === null || bar === null) return [];
        // There are no parts of nothing.
        if ('atMost' in bar && bar.atMost === 0) return [];
        const parts = 'atMost' in bar ? [ratio, min, max] : [1 / ratio, 1 / max, 1 / min];
        const scale = 'atMost' in bar ? 1 / bar.atMost : bar.atLeast;
        const [value = 0, least = 0, most = 0] = parts.map((part) => part * scale);
        const label = `${id}  ${Number(ratio.toPrecision(3))}${unit === undefined ? '' : ` ${unit}`}`;
        return [{ label, value, min: least, max: most, kind: value <= 1 ? 'ours' : 'rival' }];
      }),
    },
  ],
});

const pushChart = ({ suites }: Result): Omit<BarChart, 'note'> => ({
  title: 'One tracked push: from the call to delivered and completed',
  unit: 'milliseconds; one sender, one recipient; medians with the extremes of the rounds',
  groups: [1_024, 16_384, 65_536].map((bytes) => ({
    label: `${bytes / 1_024} KiB`,
    bars: barsOf(suites.push?.[`${bytes} bytes, ms`], [
      ['cd-push, journal in memory', 'undurable', 'ours'],
      ['cd-push, SQLite', 'durable', 'ours'],
      ['cd-push, PostgreSQL', 'postgres', 'ours'],
      ['Socket.IO acknowledgement', 'ack', 'anchor'],
      ['the same, signed', 'ack signed', 'anchor'],
      ['two hops', 'two hops', 'anchor'],
      ['two hops, signed', 'two hops signed', 'anchor'],
    ]),
  })),
});

const fanOutChart = ({ suites }: Result): Omit<BarChart, 'note'> => ({
  title: 'Fan-out: one push to many, each delivery confirmed',
  unit: 'thousand deliveries a second; all but cd-push without journal and tracks; more is better',
  groups: [10, 100, 1_000, 5_000].map((recipients) => ({
    label: `${recipients.toLocaleString('en')} recipients`,
    bars: barsOf(suites['fan-out']?.[`${recipients} recipients`], [
      ['cd-push, durable', 'push', 'ours'],
      ['Socket.IO broadcast, signed', 'broadcast signed', 'anchor'],
      ['Socket.IO broadcast', 'broadcast', 'anchor'],
      ['ws, signed', 'ws signed', 'rival'],
      ['ws', 'ws', 'rival'],
      ['NATS, signed', 'nats signed', 'rival'],
      ['NATS', 'nats', 'rival'],
      ['Redis, signed', 'redis signed', 'rival'],
      ['Redis', 'redis', 'rival'],
      // Milliseconds for so many are so many thousand a second.
    ]).map(({ value, min, max, ...bar }) => ({
      ...bar,
      value: recipients / value,
      min: recipients / max,
      max: recipients / min,
    })),
  })),
});

const journals = ['empty', '1000', '100000', '1000000'];

const growthChart = ({ suites }: Result): Omit<BarChart, 'note'> => {
  const group = (label: string, details: string, suffix: string) => ({
    label,
    bars: barsOf(
      suites.growth?.[details],
      journals.map((name): Wanted => [
        name === 'empty' ? 'empty journal' : `${Number(name).toLocaleString('en')} pushes`,
        `${name}${suffix}`,
        name === 'empty' ? 'anchor' : 'ours',
      ]),
    ),
  });
  return {
    title: 'What a journal that grows costs',
    unit: 'milliseconds; pushes of 1 KiB in an SQLite journal',
    groups: [
      group('until a push is accepted', 'ms until accepted', ''),
      group('back with a missed push', 'ms from connecting until the push that was missed has arrived', ''),
      group('versions of a file', 'ms for a page of 50', ', versions of a file'),
      group('latest pushes', 'ms for a page of 50', ', latest pushes'),
    ],
  };
};

const saveChart = ({ suites }: Result): Omit<BarChart, 'note'> => ({
  title: 'From saving a file until it is applied in Chromium',
  unit: 'milliseconds; cd-push signs, journals and tracks each save',
  groups: ['style', 'module', 'dependency', 'template', 'config'].flatMap((kind) =>
    [1, 8].map((tabs) => ({
      label: `${kind}, ${tabs === 1 ? 'one tab' : `last of ${tabs} tabs`}`,
      bars: barsOf(suites.save?.[`save.${kind}.tab${tabs}, ms`], [
        ['cd-push', 'cd-push', 'ours'],
        ['Vite', 'vite', 'anchor'],
        ['nothing between', 'floor', 'rival'],
      ]),
    })),
  ),
});

type Wanted = readonly [label: string, name: string, kind: Bar['kind']];

const Summary = Type.Record(
  Type.String(),
  Type.Object({ median: Type.Number(), min: Type.Number(), max: Type.Number() }),
);

/** Bars for what was measured of a list of variants; none where the suite was not run. */
const barsOf = (details: unknown, wanted: readonly Wanted[]): Bar[] => {
  const summary = parsed(Summary, details);
  return wanted.flatMap(([label, name, kind]): Bar[] => {
    const measured = summary?.[name];
    return measured === undefined
      ? []
      : [{ label, kind, value: measured.median, min: measured.min, max: measured.max }];
  });
};

const parsed = <Schema extends TSchema>(schema: Schema, value: unknown): Static<Schema> | undefined =>
  Check(schema, value) ? value : undefined;
