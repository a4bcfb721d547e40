import type { Hunk } from './merge-lines.ts';
import { versionIn } from './rules/raised-version.ts';
import { isTelling, wordsOfCode } from './tokens.ts';
import type { Whole } from './whole.ts';

/**
 * Whether a merged hunk has every word as often as it should: none that a side added is missing, unless the other removed as
 * many, and none that a side removed is back. Edits of different tokens can miss that: one side moves a word and the other takes
 * it away, or what is left of two words is one, say. A word that is new to the whole text and that both added is meant once, as
 * often as one of them has it. Versions are left to their rule, and comments to their authors; keywords are everywhere, and no
 * word of anybody's.
 *
 * @param whole the texts that the hunk is of.
 */
export const keepsBalance = (
  { base, ours, theirs }: Hunk,
  merged: string,
  whole: Pick<Whole, 'words'>,
): boolean => {
  const before = countsOf(base);
  const one = countsOf(ours);
  const other = countsOf(theirs);
  const after = countsOf(merged);
  const isBalanced = (word: string): boolean => {
    const was = before.get(word) ?? 0;
    const changes = [(one.get(word) ?? 0) - was, (other.get(word) ?? 0) - was];
    const added = changes.map((change) => Math.max(0, change));
    const removed = changes.map((change) => Math.max(0, -change));
    // Both may have added, or removed, the same.
    const least = was + Math.max(...added) - sum(removed);
    const most = was + sum(added) - Math.max(...removed);
    const is = after.get(word) ?? 0;
    if (keywords.has(word) || versionIn(word) !== undefined) return true;
    if (is < least || is > most) return false;
    return Math.min(...added) === 0 || is <= Math.max(...added) || !isTelling(word) || whole.words.has(word);
  };
  const words = new Set([...before.keys(), ...one.keys(), ...other.keys(), ...after.keys()]);
  return [...words].every(isBalanced);
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const countsOf = (text: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const word of wordsOfCode(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};

/** Of scripts; a name that is one of them elsewhere is judged by the parser alone. */
const keywords: ReadonlySet<string> = new Set(
  [
    'as async await break case catch class const continue default delete do else export extends false finally for from',
    'function get if implements import in interface let new null of require return set static super switch this throw true try',
    'type typeof undefined var void while yield',
  ].flatMap((words) => words.split(' ')),
);
