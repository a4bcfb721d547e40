import { describe, expect, it } from 'vitest';

import { compare } from '../src/compare.ts';
import { figureOf } from '../src/report/figure.ts';
import type { Figure, Result } from '../src/report/result.ts';

const resultOf = (...figures: Figure[]): Result => ({
  machine: {
    node: 'v24',
    platform: 'linux',
    processor: 'any',
    processors: 2,
    memoryGb: 8,
    pinned: null,
    fsync: {},
    commit: 'any',
    planted: null,
    startedAt: '2026-01-01T00:00:00.000Z',
    load: { start: 0, end: 0 },
  },
  figures,
  suites: {},
});

const figure = (ratio: number, spread: number, id = 'push.durable'): Figure =>
  figureOf(id, {
    ratio,
    min: ratio - spread,
    max: ratio + spread,
    low: ratio - spread,
    high: ratio + spread,
    spread,
  });

const verdict = (before: Figure, after: Figure): string | undefined =>
  compare(resultOf(before), resultOf(after))[0]?.verdict;

describe('two results compared', () => {
  it('do not differ where their intervals meet', () => {
    expect(verdict(figure(1.5, 0.1), figure(1.65, 0.1))).toBe('within noise');
  });

  it('are worse where more of what should be little is sure', () => {
    expect(verdict(figure(1.5, 0.05), figure(1.7, 0.05))).toBe('worse');
  });

  it('are better where less of what should be much is not the case', () => {
    const speed = (ratio: number): Figure => figure(ratio, 0.01, 'fanout.1000');
    expect(verdict(speed(0.7), speed(0.8))).toBe('better');
    expect(verdict(speed(0.8), speed(0.7))).toBe('worse');
  });

  it('are within noise below what anybody would care about, however sure it is', () => {
    expect(verdict(figure(1.5, 0.001), figure(1.52, 0.001))).toBe('within noise');
  });

  it('say nothing of what one of them has not measured', () => {
    const missing = { ...figure(1, 0.1), ratio: null };
    expect(compare(resultOf(missing), resultOf(figure(1, 0.1)))).toEqual([]);
    expect(compare(resultOf(), resultOf(figure(1, 0.1)))).toEqual([]);
  });
});
