import type { Hunk } from './merge-lines.ts';

/**
 * Whether a merged text ends its lines in one way where each of the three did. One side may have changed the ends of all
 * lines, and lines that the other put in have the old ones.
 */
export const keepsLineEnds = ({ base, ours, theirs }: Hunk, merged: string): boolean =>
  !isMixed(merged) || [base, ours, theirs].some(isMixed);

const isMixed = (text: string): boolean => text.includes('\r\n') && /(?<!\r)\n/.test(text);
