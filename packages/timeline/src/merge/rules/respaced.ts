import { unspaced } from '../tokens.ts';
import type { Rule } from './rule.ts';

/** One side changed nothing but spaces and line breaks, the other what stands there: that is what stands. */
export const respaced: Rule = ({ base, ours, theirs }) => {
  const [was, one, other] = [unspaced(base), unspaced(ours), unspaced(theirs)];
  // Spaces alone are no text that somebody could have meant.
  if (was === '' || one === other) return undefined;
  if (one === was) return theirs;
  return other === was ? ours : undefined;
};
