import { addsTwice } from './adds-twice.ts';
import { settledBy, type Hunk } from './merge-lines.ts';
import type { MergeSteps } from './merge-steps.ts';
import { regionsOf } from './regions.ts';
import { settledByRule } from './rules/rules.ts';
import type { Preceding } from './preceding.ts';
import { hasStrayLines } from './stray-lines.ts';
import type { Language } from './syntax.ts';
import { tokenChanges } from './token-changes.ts';
import { tokensOf } from './tokens.ts';
import type { Whole } from './whole.ts';
import { keepsBalance } from './word-balance.ts';

/** UTF-16 units of each side of a hunk that is looked into. A longer one is a rewrite, and stays a conflict. */
const maxHunkLength = 8 * 1024;
/** Places in one hunk at which the rules are asked. */
const maxCollisions = 32;

/**
 * Merges a hunk by its tokens: edits of different tokens are both kept, and where both changed the same ones, or put
 * something at the same place, the rules are asked. `before` is what is merged already up to the hunk, and gets what is merged
 * of it; `whole` knows the texts that the hunk is of. Undefined where something is left that nobody but the authors can settle:
 * then the hunk stays a conflict as a whole.
 */
export const mergeTokens = (
  hunk: Hunk,
  language: Language,
  before: Preceding,
  whole: Whole,
  steps?: MergeSteps,
): string | undefined => {
  if (Math.max(hunk.base.length, hunk.ours.length, hunk.theirs.length) > maxHunkLength) return undefined;
  const sides = { base: tokensOf(hunk.base), ours: tokensOf(hunk.ours), theirs: tokensOf(hunk.theirs) };
  const { base, ours, theirs } = sides;
  const regions = regionsOf(tokenChanges(base, ours, steps), tokenChanges(base, theirs, steps), 'overlap');
  if (hasStrayLines(sides, regions) || addsTwice(sides, regions) || whole.hasMoved(hunk)) return undefined;

  let merged = '';
  const put = (text: string): void => {
    merged += text;
    before.append(text);
  };
  let at = 0;
  let collisions = 0;
  for (const region of regions) {
    const texts = {
      base: base.between(region.base),
      ours: ours.between(region.ours),
      theirs: theirs.between(region.theirs),
    };
    put(base.between({ start: at, end: region.base.start }));
    at = region.base.end;
    let settled = settledBy(texts);
    if (settled === undefined && collisions < maxCollisions) {
      collisions += 1;
      settled = settledByRule({ ...texts, language, before, whole });
    }
    if (settled === undefined) return undefined;
    put(settled);
  }
  put(base.between({ start: at, end: base.length }));
  return keepsBalance(hunk, merged, whole) ? merged : undefined;
};
