import { describe, expect, it } from 'vitest';

import { barsOf } from '../src/measure/bars.ts';
import { lostLines } from '../src/measure/lost-lines.ts';
import { measure } from '../src/measure/measure.ts';
import { summaryOf } from '../src/measure/summary.ts';
import { caseOf, conflictOf } from './support.ts';

describe('lost lines', () => {
  const sides = {
    base: 'first(1);\nsecond(1);\n',
    ours: 'first(2);\nsecond(1);\n',
    theirs: 'first(1);\nthird(1);\nsecond(1);\n',
  };

  it('of whole lines, each that a side added has to be there as it was', () => {
    expect(lostLines(sides, 'first(2);\nthird(1);\nsecond(1);\n', 'lines')).toEqual([]);
    expect(lostLines(sides, 'first(2);\nthird( 1);\nsecond(1);\n', 'lines')).toEqual(['third(1);']);
    expect(lostLines(sides, 'first(1);\nsecond(1);\n', 'lines')).toEqual(['first(2);', 'third(1);']);
  });

  it('of a line that both edited, each word that a side added has to be there', () => {
    const edited = { base: 'call(one, two);\n', ours: 'call(three, two);\n', theirs: 'call(one, four);\n' };
    expect(lostLines(edited, 'call(three, four);\n', 'tokens')).toEqual([]);
    expect(lostLines(edited, 'call(three, two);\n', 'tokens')).toEqual(['call(one, four);']);
    expect(lostLines(edited, 'call(three, four);\n', 'lines')).toHaveLength(2);
  });

  it('of a version that both raised the higher one is enough, and the lower one is not', () => {
    const raised = { base: '"v": "1.2.0"', ours: '"v": "1.10.0"', theirs: '"v": "1.3.0"' };
    expect(lostLines(raised, '"v": "1.10.0"', 'tokens')).toEqual([]);
    expect(lostLines(raised, '"v": "1.3.0"', 'tokens')).toEqual(['"v": "1.10.0"']);
  });

  it('what the other side removed is not lost, nor is a bracket', () => {
    const removed = { base: 'aaaa\nbbbb\n', ours: 'aaaa\n', theirs: 'aaaa\nbbbb\n}\n' };
    expect(lostLines(removed, 'aaaa\n', 'lines')).toEqual([]);
  });
});

describe('what is counted', () => {
  it('a merge that is git’s, one that is not, a conflict that people settled so, one that they did not, one that stays', () => {
    const { ms, ...figures } = summaryOf(
      [
        caseOf(),
        caseOf({ git_result: 'something else\n' }),
        conflictOf(),
        conflictOf({ human_result: 'something else\n' }),
        conflictOf({ ours: 'a(3);\n' }),
        conflictOf({ path: 'a.txt' }),
      ].map(measure),
    );
    expect(figures).toEqual({
      clean: { cases: 2, equalToGit: 1 },
      conflicts: { cases: 4, resolved: 2, equalToHuman: 1, unparsable: 0 },
      lostLines: 0,
      notIdempotent: 0,
      notSymmetric: 0,
    });
    expect(ms.median).toBeGreaterThan(0);
    expect(ms.max).toBeGreaterThanOrEqual(ms.p95);
    expect(ms.p95).toBeGreaterThanOrEqual(ms.median);
  });

  it('a text beyond 64 KB has no time', () => {
    const long = 'a();\n'.repeat(14_000);
    expect(measure(caseOf({ base: `${long}b();\n` })).ms).toBeUndefined();
    expect(measure(caseOf()).ms).toBeGreaterThan(0);
  });

  it('times are told by nearest rank', () => {
    const one = measure(caseOf());
    const { ms } = summaryOf(Array.from({ length: 200 }, (_, index) => ({ ...one, ms: index + 1 })));
    expect(ms).toEqual({ median: 100, p95: 190, max: 200 });
  });
});

describe('what is promised', () => {
  const summary = {
    clean: { cases: 110, equalToGit: 109 },
    conflicts: { cases: 40, resolved: 12, equalToHuman: 6, unparsable: 0 },
    lostLines: 0,
    notIdempotent: 0,
    notSymmetric: 0,
    ms: { median: 0.499, p95: 9.999, max: 249 },
  };
  const failing = (figures: typeof summary): readonly string[] =>
    barsOf(figures).flatMap(({ holds, name }) => (holds ? [] : [name]));

  it('holds at its bounds, and of no cases at all', () => {
    expect(failing(summary)).toEqual([]);
    const none = {
      ...summary,
      clean: { cases: 0, equalToGit: 0 },
      conflicts: { cases: 0, resolved: 0, equalToHuman: 0, unparsable: 0 },
    };
    expect(failing(none)).toEqual([]);
  });

  it.each<[string, Partial<typeof summary>]>([
    ['clean, equal to git', { clean: { cases: 110, equalToGit: 108 } }],
    ['conflicts resolved', { conflicts: { cases: 40, resolved: 11, equalToHuman: 11, unparsable: 0 } }],
    [
      'resolved, equal to what people did',
      { conflicts: { cases: 40, resolved: 13, equalToHuman: 6, unparsable: 0 } },
    ],
    ['resolved, unparsable', { conflicts: { cases: 40, resolved: 12, equalToHuman: 6, unparsable: 1 } }],
    ['lost lines', { lostLines: 1 }],
    ['not idempotent', { notIdempotent: 1 }],
    ['not symmetric', { notSymmetric: 1 }],
    ['time, median', { ms: { ...summary.ms, median: 0.5 } }],
    ['time, 95 %', { ms: { ...summary.ms, p95: 10 } }],
    ['time, longest', { ms: { ...summary.ms, max: 250 } }],
  ])('%s: just beyond it fails', (name, more) => {
    expect(failing({ ...summary, ...more })).toEqual([name]);
  });
});
