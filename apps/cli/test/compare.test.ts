import { expect, test } from 'vitest';

import { compare } from '../src/diff/compare.ts';
import { noSide, type Held, type Side } from '../src/diff/side.ts';

const side = (pushed: Held, source: Held): Side => ({
  ...noSide,
  name: 'v1',
  pushed: async () => pushed,
  source: async () => source,
});

test('files are compared as they were saved where that is known of both, else as they were pushed', async () => {
  const [known, other, unknown] = [
    side('made 1', 'saved 1'),
    side('made 2', 'saved 2'),
    side('made 3', undefined),
  ];
  expect(await compare(known, other, false)).toMatchObject({ kind: 'text', form: 'source' });
  expect(await compare(known, other, true)).toMatchObject({ kind: 'text', form: 'pushed' });
  expect(await compare(known, unknown, false)).toMatchObject({ form: 'pushed', added: 1, removed: 1 });
  expect(await compare(unknown, known, false)).toMatchObject({ form: 'pushed' });
});

test('what was let go of is not shown as empty', async () => {
  const gone = side(undefined, undefined);
  expect(await compare(side('made', 'saved'), gone, false)).toEqual({ kind: 'gone', side: gone });
  expect(await compare(gone, side('made', 'saved'), true)).toEqual({ kind: 'gone', side: gone });
});

test('bytes are equal or not, and a text with NUL in it is none', async () => {
  const bytes = (...values: readonly number[]) => side(new Uint8Array(values), new Uint8Array(values));
  expect(await compare(bytes(1, 2), bytes(1, 2), false)).toEqual({ kind: 'same', form: 'source' });
  expect(await compare(bytes(1, 2), bytes(1, 3), false)).toMatchObject({ reason: 'binary' });
  expect(await compare(side('a', 'a'), bytes(1), false)).toMatchObject({ reason: 'binary' });
  expect(await compare(side('a\0', 'a\0'), side('b', 'b'), false)).toMatchObject({ reason: 'binary' });
});

test('texts that differ in nearly everything, or are very long, are not compared line by line', async () => {
  const lines = (name: string, count: number): string =>
    Array.from({ length: count }, (_, index) => `${name} ${index}\n`).join('');
  const [one, other] = [lines('one', 10_000), lines('other', 10_000)];
  expect(await compare(side(one, one), side(other, other), false)).toMatchObject({ reason: 'too-different' });
  const [long, longer] = ['x'.repeat(9_000_000), 'y'.repeat(9_000_000)];
  expect(await compare(side(long, long), side(longer, longer), false)).toMatchObject({ reason: 'too-large' });
});
