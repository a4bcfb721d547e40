import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { diff, type Change } from '../../src/merge/diff.ts';
import { linesOf, Numbering } from '../../src/merge/parts.ts';
import { slideChanges } from '../../src/merge/slide-changes.ts';
import { seeded } from './support.ts';

const applied = (base: Int32Array, other: Int32Array, changes: readonly Change[]): readonly number[] => {
  const result: number[] = [];
  let at = 0;
  for (const change of changes) {
    result.push(...base.subarray(at, change.at), ...other.subarray(change.from, change.from + change.insert));
    at = change.at + change.remove;
  }
  return [...result, ...base.subarray(at)];
};

const numbers = fc.array(fc.nat(6), { maxLength: 40 }).map((list) => Int32Array.from(list));

/** Removed and inserted elements of a shortest way, by the table that everybody knows. */
const shortest = (base: Int32Array, other: Int32Array): number => {
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const element of base) {
    const row = [above[0]! + 1];
    for (const [index, against] of other.entries()) {
      row.push(element === against ? above[index]! : 1 + Math.min(row[index]!, above[index + 1]!));
    }
    above = row;
  }
  return above.at(-1)!;
};

it('changes applied to the one sequence give the other, in order and without touching each other', () => {
  fc.assert(
    fc.property(numbers, numbers, (base, other) => {
      const changes = diff(base, other);
      expect(applied(base, other, changes)).toEqual([...other]);
      for (const [index, change] of changes.entries()) {
        const before = changes[index - 1];
        if (before !== undefined) expect(change.at).toBeGreaterThan(before.at + before.remove);
      }
    }),
    { ...seeded, numRuns: 2000 },
  );
});

it('no way from the one sequence to the other is shorter', () => {
  fc.assert(
    fc.property(numbers, numbers, (base, other) => {
      const size = diff(base, other).reduce((sum, { remove, insert }) => sum + remove + insert, 0);
      expect(size).toBe(shortest(base, other));
    }),
    { ...seeded, numRuns: 2000 },
  );
});

it('of two equal blocks the lower one is the new one', () => {
  const numbering = new Numbering();
  const base = numbering.of(linesOf('f() {\n}\n\ng() {\n}\n'));
  const other = numbering.of(linesOf('f() {\n}\n\nh() {\n}\n\ng() {\n}\n'));
  expect(diff(base, other)).toEqual([{ at: 3, remove: 0, from: 3, insert: 3 }]);
});

describe('a run of changes', () => {
  const slid = (elements: readonly number[], changed: readonly number[], other: readonly number[]) => {
    const moved = Uint8Array.from(changed);
    slideChanges(Int32Array.from(elements), moved, Uint8Array.from(other));
    return [...moved];
  };

  it('goes down as far as its lines repeat', () => {
    expect(slid([1, 2, 1, 2, 1, 3], [1, 1, 0, 0, 0, 0], [0, 0, 0, 0])).toEqual([0, 0, 0, 1, 1, 0]);
  });

  it('becomes one with the run that it meets, and goes on', () => {
    expect(slid([1, 1, 1, 2], [1, 0, 1, 0], [0, 0])).toEqual([0, 1, 1, 0]);
  });

  it('stays beside what the other side has changed', () => {
    // Of four equal lines one is new, and the other side has changed something between the first and the second that are left.
    expect(slid([1, 1, 1, 1, 2], [0, 0, 0, 1, 0], [0, 1, 0, 0, 0])).toEqual([0, 1, 0, 0, 0]);
  });
});

it('60,000 lines in another order end in changes that are coarse but true', () => {
  const base = Int32Array.from({ length: 60_000 }, (_, index) => index);
  // 7,919 is prime, so every element occurs once.
  const other = base.map((index) => (index * 7919) % 60_000);
  expect(applied(base, other, diff(base, other))).toEqual([...other]);
});
