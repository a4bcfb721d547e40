import type { Parts } from './parts.ts';
import type { Region } from './regions.ts';

/** The three texts of a hunk as tokens. */
export interface Sides {
  readonly base: Parts;
  readonly ours: Parts;
  readonly theirs: Parts;
}

/**
 * Whether one side put lines beside a line that only the other changed, or into a line that only the other moved in or out.
 * The change may have been meant for the new lines as well, the new ones may belong to what the line was, and their own
 * indentation would be wrong: nobody but the authors knows.
 */
export const hasStrayLines = (sides: Sides, regions: readonly Region[]): boolean => {
  const lines = linesIn(sides.base);
  const changed = { ours: changedBy('ours', sides, regions), theirs: changedBy('theirs', sides, regions) };
  return regions.some(({ by, base: { start, end }, ...spans }) => {
    if (by === 'both' || !sides[by].between(spans[by]).includes('\n')) return false;
    const other = changed[by === 'ours' ? 'theirs' : 'ours'];
    const isChanged = (index: number): boolean => {
      const line = lines.bounds[index];
      return line !== undefined && (other[line.end] ?? 0) > (other[line.start] ?? 0);
    };
    const index = lines.of(start);
    const line = lines.bounds[index];
    if (line === undefined) return start === end && isChanged(index - 1);
    const isIndented = line.start < line.end && sides.base.part(line.start).trim() === '';
    if (isIndented && (other[line.start + 1] ?? 0) > (other[line.start] ?? 0)) return true;
    if (start !== end) return false;
    if (start === line.start) return isChanged(index - 1) || isChanged(index);
    return start === line.end && (isChanged(index) || isChanged(index + 1));
  });
};

/** Lines of a text as spans of tokens, without the breaks at their ends. */
const linesIn = (tokens: Parts) => {
  const bounds: { readonly start: number; readonly end: number }[] = [];
  const lineOf = new Int32Array(tokens.length + 1);
  let start = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    lineOf[index] = bounds.length;
    if (tokens.part(index).includes('\n')) {
      bounds.push({ start, end: index });
      start = index + 1;
    }
  }
  lineOf[tokens.length] = bounds.length;
  if (start < tokens.length) bounds.push({ start, end: tokens.length });
  return { bounds, of: (token: number): number => lineOf[token] ?? 0 };
};

/** How many tokens before each one this side alone has changed. */
const changedBy = (side: 'ours' | 'theirs', sides: Sides, regions: readonly Region[]): Int32Array => {
  const { base } = sides;
  const changed = new Uint8Array(base.length);
  for (const region of regions) {
    if (region.by !== side) continue;
    const { start, end } = region.base;
    if (start < end) changed.fill(1, start, end);
    else if (!sides[side].between(region[side]).includes('\n')) changed[beside(base, start)] = 1;
  }
  const counts = new Int32Array(base.length + 1);
  for (const [index, isChanged] of changed.entries()) counts[index + 1] = (counts[index] ?? 0) + isChanged;
  return counts;
};

/** The token in whose line something was inserted. */
const beside = (base: Parts, place: number): number =>
  place < base.length && !base.part(place).includes('\n') ? place : Math.max(0, place - 1);
