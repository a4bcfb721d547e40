import { readFileSync } from 'node:fs';

import { Check } from 'typebox/value';
import { expect, it } from 'vitest';

import { drawBars } from '../src/charts/bar-chart.ts';
import { chartsOf } from '../src/charts/charts.ts';
import { ResultSchema, type Result } from '../src/report/result.ts';

const measured = (): Result => {
  const file = new URL('fixtures/result.json', import.meta.url);
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Check(ResultSchema, value)) throw new TypeError('The fixture is no result.');
  return value;
};

const chart = {
  title: 'Messages < 1 KiB & more',
  unit: 'ms',
  note: 'somewhere',
  groups: [{ label: 'group', bars: [{ label: 'one', value: 2, min: 1, max: 4, kind: 'ours' as const }] }],
};

it('draws a chart for each suite that a result has', () => {
  expect(chartsOf(measured()).map(({ name }) => name)).toEqual(['bars', 'push', 'fan-out', 'growth', 'save']);
  const { machine, figures } = measured();
  expect(chartsOf({ machine, figures, suites: {} }).map(({ name }) => name)).toEqual(['bars']);
  expect(chartsOf({ machine, figures: [], suites: {} })).toEqual([]);
});

it('draws every variant, and says on each chart where it was measured', () => {
  const { machine } = measured();
  for (const { svg } of chartsOf(measured())) {
    expect(svg).toContain(`Node ${machine.node}`);
    expect(svg.match(/<rect class="(?:ours|anchor|rival)"/gu)?.length).toBeGreaterThan(3);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/u);
  }
});

it('turns figures that are to be large around, so that up to the mark is good in each', () => {
  const [bars] = chartsOf(measured());
  const { figures } = measured();
  const judged = figures.filter(({ bar, ratio }) => bar !== null && ratio !== null);
  expect(bars?.svg.match(/class="ours"/gu)?.length ?? 0).toBe(
    judged.filter(({ holds }) => holds === true).length,
  );
  expect(bars?.svg.match(/class="rival"/gu)?.length ?? 0).toBe(
    judged.filter(({ holds }) => holds === false).length,
  );
});

it('leaves out what is to be none at all, of which there are no parts', () => {
  const { machine, figures } = measured();
  const [one] = figures;
  if (one === undefined) throw new TypeError('The fixture has no figures.');
  const none = { ...one, id: 'none', ratio: 0, min: 0, max: 0, bar: { atMost: 0 }, holds: true };
  const [bars] = chartsOf({ machine, figures: [...figures, none], suites: {} });
  expect(bars?.svg).toBe(chartsOf({ machine, figures, suites: {} })[0]?.svg);
});

it('is readable on light and on dark, and to whoever has it read aloud', () => {
  const svg = drawBars(chart);
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg).toContain('<title id="title">Messages &lt; 1 KiB &amp; more</title>');
  expect(svg).toContain('role="img"');
});

it('cuts off a whisker that would make all bars short', () => {
  const [calm = chart.groups[0]] = chart.groups;
  const [bar] = calm?.bars ?? [];
  if (bar === undefined) throw new Error('The chart has no bar.');
  const disturbed = { ...chart, groups: [{ label: 'group', bars: [{ ...bar, max: 1_000 }] }] };
  const widthOf = (svg: string): number => Number(/class="ours"[^>]* width="([\d.]+)"/u.exec(svg)?.[1]);
  expect(widthOf(drawBars(disturbed))).toBeGreaterThan(100);
});
