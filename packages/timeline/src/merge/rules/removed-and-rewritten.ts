import { isWord, tokensOf, wordsOfCode } from '../tokens.ts';
import { removalFrom } from './removal.ts';
import type { Rule } from './rule.ts';

/**
 * One side did nothing but remove lines, the other rewrote the place and kept no word of them: both have removed the lines,
 * and what was written instead stands. With one of their words in it, it would be the same lines, edited; but what is said in
 * a comment is new.
 */
export const removedAndRewritten: Rule = ({ base, ours, theirs }) =>
  rewrittenBy(base, ours, theirs) ?? rewrittenBy(base, theirs, ours);

const rewrittenBy = (base: string, rewritten: string, reduced: string): string | undefined => {
  if (rewritten.trim() === '') return undefined;
  const tokens = tokensOf(base);
  const removal = removalFrom(tokens, tokensOf(reduced));
  if (removal === undefined) return undefined;
  const removed = [...removal.keys()]
    .filter((index) => removal[index] === 1)
    .map((index) => tokens.part(index));
  if (!removed.some((token) => token.includes('\n'))) return undefined;
  const words = removed.filter((token) => isWord(token));
  const kept = new Set(wordsOfCode(rewritten));
  return words.length > 0 && !words.some((word) => kept.has(word)) ? rewritten : undefined;
};
