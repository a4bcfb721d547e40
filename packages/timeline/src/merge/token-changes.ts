import { diff, type Change } from './diff.ts';
import type { MergeSteps } from './merge-steps.ts';
import { linesOf, Numbering, type Parts } from './parts.ts';
import { isWord } from './tokens.ts';

/**
 * What makes one side's tokens of the base's. Lines are compared first, and tokens only where lines were replaced by lines:
 * so nobody's inserted line begins in the middle of another.
 */
export const tokenChanges = (base: Parts, side: Parts, steps?: MergeSteps): readonly Change[] => {
  const [starts, sideStarts] = [lineStarts(base), lineStarts(side)];
  const lines = new Numbering();
  const tokens = new Numbering();
  const [numbers, sideNumbers] = [tokens.of(base), tokens.of(side)];
  const changes: Change[] = [];
  for (const change of diff(lines.of(linesOf(base.text)), lines.of(linesOf(side.text)), steps)) {
    const at = starts[change.at] ?? base.length;
    const end = starts[change.at + change.remove] ?? base.length;
    const from = sideStarts[change.from] ?? side.length;
    const sideEnd = sideStarts[change.from + change.insert] ?? side.length;
    if (at === end || from === sideEnd) {
      changes.push({ at, remove: end - at, from, insert: sideEnd - from });
    } else {
      for (const inner of diff(numbers.subarray(at, end), sideNumbers.subarray(from, sideEnd), steps)) {
        changes.push({ ...inner, at: inner.at + at, from: inner.from + from });
      }
    }
  }
  return joinRewritten(base, changes);
};

/** Indices of the tokens with which lines begin. */
const lineStarts = (tokens: Parts): readonly number[] => {
  const starts: number[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    if (index === 0 || tokens.part(index - 1).endsWith('\n')) starts.push(index);
  }
  return starts;
};

/**
 * What was rewritten keeps brackets and spaces of what stood there only by chance: two replacements with no word between
 * them are one.
 */
const joinRewritten = (base: Parts, changes: readonly Change[]): readonly Change[] => {
  const joined: Change[] = [];
  for (const change of changes) {
    const before = joined.at(-1);
    const isOne =
      before !== undefined &&
      isReplacement(before) &&
      isReplacement(change) &&
      !isWord(base.between({ start: before.at + before.remove, end: change.at }));
    if (isOne) {
      joined[joined.length - 1] = {
        at: before.at,
        remove: change.at + change.remove - before.at,
        from: before.from,
        insert: change.from + change.insert - before.from,
      };
    } else {
      joined.push(change);
    }
  }
  return joined;
};

const isReplacement = ({ remove, insert }: Change): boolean => remove > 0 && insert > 0;
