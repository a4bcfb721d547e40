import { usageError } from '../cli-error.ts';
import type { ConflictTexts } from './conflict-texts.ts';

/**
 * What a file says if these lines are taken wherever both sides changed the same ones; everything else of both stays. Where
 * it cannot be taken apart, one side's whole file is taken; null where that side has none.
 *
 * @throws CliError where both are asked for and there are no lines to put behind each other.
 */
export const settledBytes = (
  take: 'ours' | 'theirs' | 'both',
  path: string,
  { ours, theirs, pieces }: ConflictTexts,
): Uint8Array | null => {
  if (pieces !== undefined) {
    const text = pieces.map((piece) => {
      if (piece.kind === 'merged') return piece.text;
      return take === 'both' ? behind(piece.ours, piece.theirs) : piece[take];
    });
    return new TextEncoder().encode(text.join(''));
  }
  if (take === 'both')
    throw usageError(
      `${path} has no lines on both sides that could stand behind each other.`,
      'Take one side: --take ours, or --take theirs',
    );
  return take === 'ours' ? ours : theirs;
};

/** A last line without an end is ended before another follows it. */
const behind = (one: string, other: string): string =>
  one === '' || other === '' || one.endsWith('\n') ? `${one}${other}` : `${one}\n${other}`;
