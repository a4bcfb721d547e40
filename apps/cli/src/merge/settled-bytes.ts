import { usageError } from '../cli-error.ts';
import type { ConflictTexts } from './conflict-texts.ts';

/** Whose text: what is here, what the other pushed, or what both started from. */
export type ConflictSide = 'ours' | 'theirs' | 'base';

/**
 * What a file says if these lines are taken wherever both sides changed the same ones; everything else of both stays. Where
 * it cannot be taken apart, one side's whole file is taken; null where that side has none.
 *
 * @throws CliError where there are no lines to put behind each other, or nothing that both began with.
 */
export const settledBytes = (
  take: ConflictSide | 'both',
  path: string,
  { pieces, ...whole }: ConflictTexts,
): Uint8Array | null => {
  if (pieces !== undefined) {
    const text = pieces.map((piece) => {
      if (piece.kind === 'merged') return piece.text;
      return take === 'both' ? behind(piece.ours, piece.theirs, endingOf(whole.ours)) : piece[take];
    });
    return new TextEncoder().encode(text.join(''));
  }
  if (take === 'both')
    throw usageError(
      `${path} has no lines on both sides that could stand behind each other.`,
      'Take one side: --take ours, or --take theirs',
    );
  if (take === 'base' && whole.base === null)
    throw usageError(
      `There was no ${path} yet that both began with.`,
      'Take one side: --take ours, or --take theirs',
    );
  return whole[take];
};

/** A last line without an end is ended before another follows it. */
const behind = (one: string, other: string, ending: string): string =>
  one === '' || other === '' || one.endsWith('\n') ? `${one}${other}` : `${one}${ending}${other}`;

/** As the lines of the file end. */
const endingOf = (bytes: Uint8Array | null): string =>
  bytes !== null && Buffer.from(bytes).includes('\r\n') ? '\r\n' : '\n';
