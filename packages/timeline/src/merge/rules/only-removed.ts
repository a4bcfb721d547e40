import { tokensOf } from '../tokens.ts';
import { removalFrom } from './removal.ts';
import type { Rule } from './rule.ts';

/**
 * Both did nothing but remove, and lines: what neither has removed stands. Within a line each may have taken another comma
 * with it, and too many or too few would be left.
 */
export const onlyRemoved: Rule = ({ base, ours, theirs }) => {
  if (!base.includes('\n')) return undefined;
  const tokens = tokensOf(base);
  const one = removalFrom(tokens, tokensOf(ours));
  const other = removalFrom(tokens, tokensOf(theirs));
  if (one === undefined || other === undefined) return undefined;
  let left = '';
  for (let index = 0; index < tokens.length; index += 1) {
    if (one[index] === 0 && other[index] === 0) left += tokens.part(index);
  }
  return left;
};
