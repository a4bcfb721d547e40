import type { Region } from './regions.ts';
import type { Sides } from './stray-lines.ts';
import { wordsOf } from './tokens.ts';

/**
 * Whether both sides put the same word into the same line, at different places: it may be the same edit, which only looks
 * different because of what else one of them changed there, and it would be made twice.
 */
export const addsTwice = (sides: Sides, regions: readonly Region[]): boolean => {
  const line = { ours: new Set<string>(), theirs: new Set<string>() };
  let at = 0;
  for (const { by, base, ...spans } of regions) {
    if (sides.base.between({ start: at, end: base.start }).includes('\n')) {
      line.ours.clear();
      line.theirs.clear();
    }
    at = base.start;
    if (by === 'both') continue;
    const other = line[by === 'ours' ? 'theirs' : 'ours'];
    for (const word of wordsOf(sides[by].between(spans[by]))) {
      if (other.has(word)) return true;
      line[by].add(word);
    }
  }
  return false;
};
