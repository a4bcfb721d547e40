import { expect, it } from 'vitest';

import { missing, sizeOf } from '../src/report/figure.ts';
import { longest, planOf, run } from '../src/run.ts';
import type { Planned, Suite } from '../src/suites/suite.ts';

const minutes = { full: { once: 1, repeated: 2 }, quick: { once: 0.1, repeated: 0.5 } };
const measures: Suite = async ({ within }) => ({
  figures: [sizeOf('memory.idle', 1.2, 'B'), sizeOf('cpu.idle', within(0.5), '%')],
  details: { seen: 1 },
});
const fails: Suite = async () => {
  throw new Error('It broke.');
};
const reckons: Suite = async ({ measured }) => ({ figures: [], details: { from: measured.suites.memory } });
const suites = new Map<string, Planned>([
  ['growth', { suite: fails, minutes }],
  ['memory', { suite: measures, minutes }],
  ['capacity', { suite: reckons, minutes, needs: ['memory'] }],
]);
const quietly = { quick: true, tell: () => {}, show: () => {} };

it('keeps what the others found where a suite fails, and says why', async () => {
  const { figures, suites: details, failed } = await run(suites, ['growth', 'memory'], quietly);
  expect(failed).toEqual(['growth']);
  expect(details.growth?.error).toContain('It broke.');
  expect(details.memory).toMatchObject({ seen: 1 });
  expect(figures).toContainEqual(missing('growth.accept', 'the suite failed'));
  expect(figures.find(({ id }) => id === 'memory.idle')).toMatchObject({ ratio: 1.2, holds: true });
});

it('gives a suite its time in milliseconds', async () => {
  const { figures } = await run(suites, ['memory'], quietly);
  expect(figures.find(({ id }) => id === 'cpu.idle')?.ratio).toBe(15_000);
});

it('cuts short what repeats where there is not enough time for all of it', async () => {
  const long = { once: 1.8, repeated: 4 };
  const many = new Map<string, Planned>([
    ['memory', { suite: measures, minutes: { full: long, quick: long } }],
  ]);
  const { figures } = await run(many, ['memory'], quietly);
  // The suite asks for half of what repeats, and what comes once is taken off first.
  const left = longest.quick - long.once;
  expect(left).toBeLessThan(long.repeated);
  expect(figures.find(({ id }) => id === 'cpu.idle')?.ratio).toBeCloseTo((left / 2) * 60_000, -2);
});

it('runs first from what others reckon, in the order of the suites', async () => {
  expect(planOf(suites, ['capacity'])).toEqual(['memory', 'capacity']);
  expect(planOf(suites, ['capacity', 'growth'])).toEqual(['growth', 'memory', 'capacity']);
  expect(() => planOf(suites, ['none'])).toThrow('There is no suite "none"');
  const { suites: details } = await run(suites, ['capacity'], quietly);
  expect(details.capacity?.from).toMatchObject({ seen: 1 });
});

it('says on what it was measured', async () => {
  const { machine } = await run(suites, ['memory'], quietly);
  expect(machine).toMatchObject({ node: process.version, planted: null });
  expect(Object.keys(machine.fsync)).toEqual(['undurable', 'durable', 'postgres']);
});
