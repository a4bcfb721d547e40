import { isDeepStrictEqual } from 'node:util';

import { languageOf, syntax } from '@cd-push/syntax';
import { mergeText, type TextMerge, type TextMergeOptions } from '@cd-push/timeline';

import type { MergeCase } from '../cases/merge-case.ts';
import { lostLines } from './lost-lines.ts';

/** What came of one case. */
export interface Measured {
  readonly isGitClean: boolean;
  readonly merge: TextMerge;
  /** The same text as git's; undefined where git has a conflict. */
  readonly equalsGit: boolean | undefined;
  readonly equalsHuman: boolean;
  /** The three parse, and what was made of them does not. */
  readonly isUnparsable: boolean;
  readonly lost: readonly string[];
  readonly isIdempotent: boolean;
  readonly isSymmetric: boolean;
  /** Of the fastest run; undefined where a text is larger than what a time is promised for. */
  readonly ms: number | undefined;
}

/** Bytes of a text up to which times are promised. */
const timedBytes = 64 * 1024;
/** The fastest is what the merge takes; the others are what the machine did besides. */
const timedRuns = 5;

const optionsOf = ({ path }: MergeCase): TextMergeOptions => ({ language: languageOf(path), syntax });

export const mergeOf = (given: MergeCase): TextMerge =>
  mergeText(given.base, given.ours, given.theirs, optionsOf(given));

export const measure = (given: MergeCase): Measured => {
  const { base, ours, theirs, git_clean: isGitClean, git_result, human_result } = given;
  const options = optionsOf(given);
  const merge = mergeOf(given);
  const text = merge.kind === 'clean' ? merge.text : undefined;
  const isItself = (side: string): boolean => {
    const again = mergeText(base, side, side, options);
    return again.kind === 'clean' && again.text === side;
  };
  return {
    isGitClean,
    merge,
    equalsGit: isGitClean ? text === git_result : undefined,
    equalsHuman: text !== undefined && text === human_result,
    isUnparsable: text !== undefined && isUnparsable(given, text),
    lost: merge.kind === 'clean' ? lostLines(given, merge.text, merge.by) : [],
    isIdempotent: isItself(ours) && isItself(theirs),
    isSymmetric: isDeepStrictEqual(swapped(mergeText(base, theirs, ours, options)), merge),
    ms: [base, ours, theirs].every((side) => Buffer.byteLength(side) <= timedBytes)
      ? timeOf(given)
      : undefined,
  };
};

const isUnparsable = ({ path, base, ours, theirs }: MergeCase, text: string): boolean => {
  const language = languageOf(path);
  if (language === undefined || syntax.accepts(language, text)) return false;
  return [base, ours, theirs].every((side) => syntax.accepts(language, side));
};

const swapped = (merge: TextMerge): TextMerge =>
  merge.kind === 'clean'
    ? merge
    : {
        kind: 'conflict',
        pieces: merge.pieces.map((piece) =>
          piece.kind === 'merged' ? piece : { ...piece, ours: piece.theirs, theirs: piece.ours },
        ),
      };

const timeOf = (given: MergeCase): number => {
  let fastest = Infinity;
  for (let run = 0; run < timedRuns; run += 1) {
    const start = performance.now();
    mergeOf(given);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
};
