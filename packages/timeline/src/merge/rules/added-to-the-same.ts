import { linesOf } from '../parts.ts';
import { isWord, wordsOf } from '../tokens.ts';
import type { Rule } from './rule.ts';

/**
 * Both put the same lines in place of what stood there, and one of them further lines: that one stands, unless a further line
 * has a word that the other one has removed.
 */
export const addedToTheSame: Rule = ({ base, ours, theirs }) => {
  const [was, one, other] = [trimmedLines(base), trimmedLines(ours), trimmedLines(theirs)];
  // Who has only removed has put nothing in place.
  if (furtherLines(one, was) !== undefined || furtherLines(other, was) !== undefined) return undefined;
  if (one.length === other.length) return undefined;
  const [fewer, more, text] = one.length < other.length ? [one, other, theirs] : [other, one, ours];
  const further = furtherLines(fewer, more);
  // Brackets and the signs of comments are the same by chance.
  if (further === undefined || !fewer.some(isWord)) return undefined;
  const kept = new Set(wordsOf(fewer.join('\n')));
  const removed = new Set(wordsOf(base).filter((word) => !kept.has(word)));
  return wordsOf(further.join('\n')).some((word) => removed.has(word)) ? undefined : text;
};

const trimmedLines = (text: string): readonly string[] => {
  const lines = linesOf(text);
  return Array.from({ length: lines.length }, (_, index) => lines.part(index).trim()).filter(
    (line) => line !== '',
  );
};

/** What the one has besides the other's lines in their order; undefined where it has not all of them. */
const furtherLines = (part: readonly string[], whole: readonly string[]): readonly string[] | undefined => {
  const further: string[] = [];
  let found = 0;
  for (const line of whole) {
    if (found < part.length && part[found] === line) found += 1;
    else further.push(line);
  }
  return found === part.length ? further : undefined;
};
