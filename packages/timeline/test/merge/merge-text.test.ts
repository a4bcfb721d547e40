import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { maxMergedLength, maxMergedLines, mergeText, type TextMerge } from '../../src/merge/merge-text.ts';
import { divergence, seeded, someText } from './support.ts';

const swapped = (merge: TextMerge): TextMerge =>
  merge.kind === 'clean'
    ? merge
    : {
        kind: 'conflict',
        pieces: merge.pieces.map((piece) =>
          piece.kind === 'merged' ? piece : { ...piece, ours: piece.theirs, theirs: piece.ours },
        ),
      };

const conflicts = (merge: TextMerge) =>
  merge.kind === 'clean' ? [] : merge.pieces.filter((piece) => piece.kind === 'conflict');

const cleanText = (merge: TextMerge): string => {
  expect(merge.kind).toBe('clean');
  return merge.kind === 'clean' ? merge.text : '';
};

/** Lines that are in none of the texts. */
const lost = (side: string, texts: readonly string[]): readonly string[] => {
  const known = new Set(texts.flatMap((text) => text.split('\n')));
  return side.split('\n').filter((line) => !known.has(line));
};

describe('by lines', () => {
  it('edits of different lines are both kept', () => {
    expect(mergeText('a\nb\nc\nd\ne\n', 'A\nb\nc\nd\ne\n', 'a\nb\nc\nd\nE\n')).toEqual({
      kind: 'clean',
      text: 'A\nb\nc\nd\nE\n',
      by: 'lines',
    });
  });

  it('what one side put before and the other behind is there once, in order', () => {
    expect(cleanText(mergeText('m\n', 'first\nm\n', 'm\nlast\n'))).toBe('first\nm\nlast\n');
  });

  it('an edit that both sides made is there once', () => {
    expect(cleanText(mergeText('a\nb\nc\nd\n', 'a\nX\nc\nd\n', 'a\nX\nc\nD\n'))).toBe('a\nX\nc\nD\n');
  });

  it('edits of lines that touch are a conflict, as in git', () => {
    expect(mergeText('a\nb\nc\nd\n', 'a\nB\nc\nd\n', 'a\nb\nC\nd\n')).toEqual({
      kind: 'conflict',
      pieces: [
        { kind: 'merged', text: 'a\n' },
        { kind: 'conflict', base: 'b\nc\n', ours: 'B\nc\n', theirs: 'b\nC\n' },
        { kind: 'merged', text: 'd\n' },
      ],
    });
  });

  it('a line deleted here and changed there is a conflict', () => {
    expect(conflicts(mergeText('a\nb\nc\n', 'a\nc\n', 'a\nB\nc\n'))).toEqual([
      { kind: 'conflict', base: 'b\n', ours: '', theirs: 'B\n' },
    ]);
  });

  it('two different texts that grew from nothing are one conflict', () => {
    expect(conflicts(mergeText('', 'a\n', 'b\n'))).toHaveLength(1);
  });

  it('line ends are part of their lines: none is changed that nobody changed', () => {
    expect(cleanText(mergeText('a\r\nb\r\nc\nd', 'A\r\nb\r\nc\nd', 'a\r\nb\r\nc\nD'))).toBe('A\r\nb\r\nc\nD');
  });

  it('a last line that one side ends and the other leaves alone is ended', () => {
    expect(cleanText(mergeText('a\nb\nc', 'a\nb\nc\n', 'A\nb\nc'))).toBe('A\nb\nc\n');
  });

  it('half a surrogate pair and a NUL are text like any other', () => {
    expect(cleanText(mergeText('\ud800\nb\n\0\n', '\ud800\nb\n\0x\n', '\udc00\nb\n\0\n'))).toBe(
      '\udc00\nb\n\0x\n',
    );
  });
});

describe('whatever the texts are', () => {
  it('swapping the sides swaps the sides of conflicts and changes nothing else', () => {
    fc.assert(
      fc.property(divergence, ({ base, ours, theirs }) => {
        expect(mergeText(base, theirs, ours)).toEqual(swapped(mergeText(base, ours, theirs)));
      }),
      seeded,
    );
  });

  it('a text merged with itself, or with what it came from, is itself', () => {
    fc.assert(
      fc.property(someText, someText, (base, text) => {
        expect(cleanText(mergeText(base, text, text))).toBe(text);
        expect(cleanText(mergeText(base, base, text))).toBe(text);
        expect(cleanText(mergeText(base, text, base))).toBe(text);
      }),
      seeded,
    );
  });

  it('merging again what is merged changes nothing', () => {
    fc.assert(
      fc.property(divergence, ({ base, ours, theirs }) => {
        const merged = mergeText(base, ours, theirs);
        if (merged.kind === 'conflict') return;
        expect(cleanText(mergeText(ours, merged.text, ours))).toBe(merged.text);
        expect(cleanText(mergeText(base, merged.text, merged.text))).toBe(merged.text);
      }),
      seeded,
    );
  });

  it('a clean merge has every line that a side added and the base did not have', () => {
    fc.assert(
      fc.property(divergence, ({ base, ours, theirs }) => {
        const merged = mergeText(base, ours, theirs);
        if (merged.kind === 'conflict') return;
        for (const side of [ours, theirs]) expect(lost(side, [base, merged.text])).toEqual([]);
      }),
      seeded,
    );
  });

  it('whoever takes one side of every conflict has every line that this side added', () => {
    fc.assert(
      fc.property(someText, someText, someText, (base, ours, theirs) => {
        const merged = mergeText(base, ours, theirs);
        const taken = (side: 'ours' | 'theirs') =>
          merged.kind === 'clean'
            ? merged.text
            : merged.pieces.map((piece) => (piece.kind === 'merged' ? piece.text : piece[side])).join('');
        expect(lost(ours, [base, taken('ours')])).toEqual([]);
        expect(lost(theirs, [base, taken('theirs')])).toEqual([]);
      }),
      seeded,
    );
  });
});

describe('bounds', () => {
  it('texts beyond the bound are one conflict where both changed, and settled where one did', () => {
    const base = 'line\n'.repeat(maxMergedLength / 5 + 1);
    const [ours, theirs] = [`A${base}`, `${base}Z`];
    expect(mergeText(base, ours, theirs)).toEqual({
      kind: 'conflict',
      pieces: [{ kind: 'conflict', base, ours, theirs }],
    });
    expect(cleanText(mergeText(base, ours, base))).toBe(ours);
  });

  it.each([
    ['60 MB in one line', 'x'.repeat(60_000_000)],
    ['a million empty lines, and one more', '\n'.repeat(maxMergedLines + 1)],
  ])('%s are not looked into', (_, base) => {
    const [ours, theirs] = [`a${base}`, `b${base}`];
    let taken = 0;
    const merge = mergeText(base, ours, theirs, { steps: (steps) => (taken += steps) });
    expect(merge.kind).toBe('conflict');
    expect(merge.kind === 'conflict' && merge.pieces.length).toBe(1);
    // Nothing but what is told for their length.
    expect(taken).toBe(8 * (base.length + ours.length + theirs.length));
    expect(cleanText(mergeText(base, ours, base))).toBe(ours);
    expect(cleanText(mergeText(base, ours, ours))).toBe(ours);
  });

  it('a line of 1 MB is one line', () => {
    const line = 'x'.repeat(1024 * 1024);
    expect(cleanText(mergeText(`a\nb\n${line}`, `A\nb\n${line}`, `a\nb\n${line}!`))).toBe(`A\nb\n${line}!`);
    expect(mergeText(line, `${line}a`, `${line}b`).kind).toBe('conflict');
  });

  it.each([
    ['different lines everywhere', (side: string) => (index: number) => `${side}${index}`],
    [
      'two lines in no order',
      (side: string) => (index: number) => String((index * (side.charCodeAt(0) + index)) % 7 < 3),
    ],
    ['one line', () => () => 'x'],
  ])('60,000 times %s: the same end on every run', (_, lineOf) => {
    const text = (side: string) =>
      Array.from(
        { length: 60_000 - side.charCodeAt(0) * 100 },
        (__, index) => `${lineOf(side)(index)}\n`,
      ).join('');
    const [base, ours, theirs] = [text('b'), text('o'), text('t')];
    expect(mergeText(base, ours, theirs)).toEqual(mergeText(base, ours, theirs));
    expect(swapped(mergeText(base, ours, theirs))).toEqual(mergeText(base, theirs, ours));
  });

  it('100,000 equal lines take no more steps than so many different ones take units', () => {
    const lines = (length: number) => 'x\n'.repeat(length);
    let taken = 0;
    mergeText(lines(100_000), lines(99_000), lines(101_000), { steps: (steps) => (taken += steps) });
    expect(taken).toBeLessThan(10 * 1_000_000);
  });
});
