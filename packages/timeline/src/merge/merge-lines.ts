import { diff } from './diff.ts';
import type { MergeSteps } from './merge-steps.ts';
import { linesOf, Numbering } from './parts.ts';
import { regionsOf } from './regions.ts';

/** What the three have where two of them changed the same lines. */
export interface Hunk {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

/**
 * A part of a merge: text that is settled, or what the three say where two changed the same lines in different ways. Every
 * side is in it whole, as it was.
 */
export type Piece =
  | { readonly kind: 'merged'; readonly text: string }
  | ({ readonly kind: 'conflict' } & Hunk);

/** What stands where at most one side has changed anything, or both the same. */
export const settledBy = ({ base, ours, theirs }: Hunk): string | undefined => {
  if (ours === theirs || theirs === base) return ours;
  return ours === base ? theirs : undefined;
};

/** Three-way merge by whole lines. No two pieces of the same kind follow each other where they are merged. */
export const mergeLines = (hunk: Hunk, steps?: MergeSteps): readonly Piece[] => {
  const [base, ours, theirs] = [linesOf(hunk.base), linesOf(hunk.ours), linesOf(hunk.theirs)];
  const numbering = new Numbering();
  const numbers = numbering.of(base);
  const regions = regionsOf(
    diff(numbers, numbering.of(ours), steps),
    diff(numbers, numbering.of(theirs), steps),
    'touch',
  );

  const pieces: Piece[] = [];
  let settled = '';
  let at = 0;
  for (const region of regions) {
    settled += base.between({ start: at, end: region.base.start });
    at = region.base.end;
    const texts = {
      base: base.between(region.base),
      ours: ours.between(region.ours),
      theirs: theirs.between(region.theirs),
    };
    const text = settledBy(texts);
    if (text === undefined) {
      if (settled !== '') pieces.push({ kind: 'merged', text: settled });
      settled = '';
      pieces.push({ kind: 'conflict', ...texts });
    } else {
      settled += text;
    }
  }
  settled += base.between({ start: at, end: base.length });
  if (settled !== '') pieces.push({ kind: 'merged', text: settled });
  return pieces;
};
