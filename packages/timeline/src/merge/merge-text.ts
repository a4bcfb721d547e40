import { keepsLineEnds } from './line-ends.ts';
import { mergeLines, settledBy, type Hunk, type Piece } from './merge-lines.ts';
import { stepsPerParsedUnit, stepsPerUnit, type MergeSteps } from './merge-steps.ts';
import { mergeTokens } from './merge-tokens.ts';
import { Preceding } from './preceding.ts';
import type { Language, SyntaxCheck } from './syntax.ts';
import { Whole } from './whole.ts';
import { keepsBalance } from './word-balance.ts';

/** `by`: whether whole lines were enough, or hunks were merged by their tokens and the result judged by a parser. */
export type TextMerge =
  | { readonly kind: 'clean'; readonly text: string; readonly by: 'lines' | 'tokens' }
  | { readonly kind: 'conflict'; readonly pieces: readonly Piece[] };

/** Where one of them is missing, a text is merged by whole lines alone. */
export interface TextMergeOptions {
  readonly language?: Language | undefined;
  readonly syntax?: SyntaxCheck | undefined;
  /** Whether the base was made of several for this merge: what stands in it has another order there than in the sides. */
  readonly isBaseMade?: boolean | undefined;
  /** Hears of what it takes. */
  readonly steps?: MergeSteps | undefined;
}

/** UTF-16 units of one text. A longer one is not looked into: two that differ are one conflict. */
export const maxMergedLength = 8 * 1024 * 1024;
/** Lines of one text; the same of a text that has more. */
export const maxMergedLines = 1024 * 1024;
/** UTF-16 units of a text that a parser is asked about. */
const maxParsedLength = 1024 * 1024;
/** Hunks in conflict of one text that are looked into. */
const maxHunks = 256;

/**
 * Three-way merge of a text. Which side is called ours makes no difference but to the names in a conflict, and nothing but
 * the three texts and the parser decides: no clock, no order of arrival.
 */
export const mergeText = (
  base: string,
  ours: string,
  theirs: string,
  { language, syntax, isBaseMade = false, steps }: TextMergeOptions = {},
): TextMerge => {
  const whole: Hunk = { base, ours, theirs };
  const settled = settledBy(whole);
  if (settled !== undefined) return { kind: 'clean', text: settled, by: 'lines' };
  const longest = Math.max(base.length, ours.length, theirs.length);
  const length = base.length + ours.length + theirs.length;
  steps?.(stepsPerUnit * length);
  const isTooLong = longest > maxMergedLength || [base, ours, theirs].some(hasTooManyLines);
  const pieces: readonly Piece[] = isTooLong ? [{ kind: 'conflict', ...whole }] : mergeLines(whole, steps);
  const byLines = joined(pieces, () => undefined);
  const around = new Whole(whole);
  if (byLines !== undefined) {
    if (isBaseMade) steps?.(stepsPerParsedUnit * length);
    // What a side has elsewhere than such a base looks as if it were new there, also where the other took it away.
    return isBaseMade && !keepsBalance(whole, byLines, around)
      ? { kind: 'conflict', pieces: [{ kind: 'conflict', ...whole }] }
      : { kind: 'clean', text: byLines, by: 'lines' };
  }
  const hunks = pieces.filter(({ kind }) => kind === 'conflict').length;
  if (language === undefined || syntax === undefined || longest > maxParsedLength || hunks > maxHunks) {
    return { kind: 'conflict', pieces };
  }
  steps?.(stepsPerParsedUnit * length);
  const byTokens = joined(pieces, (hunk, before) => mergeTokens(hunk, language, before, around, steps));
  const isBalanced = byTokens !== undefined && (!isBaseMade || keepsBalance(whole, byTokens, around));
  return isBalanced && keepsLineEnds(whole, byTokens) && syntax.accepts(language, byTokens)
    ? { kind: 'clean', text: byTokens, by: 'tokens' }
    : { kind: 'conflict', pieces };
};

/** The text of all pieces, where every hunk can be settled. */
const joined = (
  pieces: readonly Piece[],
  settle: (hunk: Hunk, before: Preceding) => string | undefined,
): string | undefined => {
  let text = '';
  const before = new Preceding();
  for (const piece of pieces) {
    const part = piece.kind === 'merged' ? piece.text : settle(piece, before);
    if (part === undefined) return undefined;
    if (piece.kind === 'merged') before.append(part);
    text += part;
  }
  return text;
};

const hasTooManyLines = (text: string): boolean => {
  if (text.length <= maxMergedLines) return false;
  let lines = 0;
  for (let end = text.indexOf('\n'); end >= 0 && lines <= maxMergedLines; end = text.indexOf('\n', end + 1))
    lines += 1;
  return lines > maxMergedLines;
};
