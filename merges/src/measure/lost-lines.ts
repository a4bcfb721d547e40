import { compareVersions, validate } from 'compare-versions';

import type { MergeCase } from '../cases/merge-case.ts';

/** Shorter ones are brackets, which are everywhere. */
const shortest = 4;

/**
 * Lines that a side added and that a merge has lost. Where whole lines were merged, each has to be there as it was. Where a
 * line was merged with another edit of it, each of its words has to be that the side added and the other did not remove; of
 * a version that both raised the higher one is enough.
 */
export const lostLines = (
  { base, ours, theirs }: Pick<MergeCase, 'base' | 'ours' | 'theirs'>,
  merged: string,
  by: 'lines' | 'tokens',
): readonly string[] => {
  const kept = new Set(linesOf(merged));
  const known = new Set(linesOf(base));
  return [
    [ours, theirs],
    [theirs, ours],
  ].flatMap(([side = '', other = '']) => {
    const missing = linesOf(side).filter(
      (line) => line.trim().length >= shortest && !known.has(line) && !kept.has(line),
    );
    if (missing.length === 0 || by === 'lines') return missing;
    const isKept = keptWords({ base, side, other, merged });
    return missing.filter((line) => !wordsOf(line).every(isKept));
  });
};

const keptWords = (texts: {
  readonly base: string;
  readonly side: string;
  readonly other: string;
  readonly merged: string;
}): ((word: string) => boolean) => {
  const [base, side, other, merged] = [texts.base, texts.side, texts.other, texts.merged].map(countsOf);
  const highest = highestVersion(texts.merged);
  return (word) => {
    const times = (counts: ReadonlyMap<string, number> | undefined): number => counts?.get(word) ?? 0;
    const added = times(side) - times(base);
    if (added <= 0) return true;
    const removed = Math.max(0, times(base) - times(other));
    if (times(merged) >= times(base) + added - removed) return true;
    return validate(word) && highest !== undefined && compareVersions(word, highest) < 0;
  };
};

const highestVersion = (text: string): string | undefined =>
  wordsOf(text)
    .filter((word) => word.includes('.') && validate(word))
    .toSorted(compareVersions)
    .at(-1);

const linesOf = (text: string): readonly string[] => text.split('\n');
const wordsOf = (text: string): readonly string[] =>
  text.match(/\d+(?:\.\d+)+(?:-[\w.]+)?|[\p{L}\p{N}_$]+/gu) ?? [];

const countsOf = (text: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};
