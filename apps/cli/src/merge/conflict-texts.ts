import { isConflict, isLink, loadFrame, mergeText, sourceOf, type ObjectSource } from '@cd-push/timeline';

import { textOf } from '../transform/base-entry.ts';
import { bytesOf } from './merge-save.ts';
import type { OpenConflict } from './working-copy.ts';

/** A part of a conflicting file: text that is settled, or what the three say where two changed the same lines. */
export type ConflictPiece =
  | { readonly kind: 'merged'; readonly text: string }
  | { readonly kind: 'conflict'; readonly base: string; readonly ours: string; readonly theirs: string };

/** All three versions of a file in conflict, byte for byte; null where there was none. */
export interface ConflictTexts {
  readonly base: Uint8Array | null;
  readonly ours: Uint8Array | null;
  readonly theirs: Uint8Array | null;
  /** Undefined where one of them is no text, or the file is gone at one side. */
  readonly pieces: readonly ConflictPiece[] | undefined;
}

/** @throws ProblemError where what is kept here is damaged. */
export const conflictTexts = async (
  source: ObjectSource,
  { frame, ours, theirs }: Pick<OpenConflict, 'frame' | 'ours' | 'theirs'>,
): Promise<ConflictTexts> => {
  const { frame: merged } = await loadFrame(source, frame);
  const value = merged.data['source'];
  const was = value !== undefined && isConflict(value) ? value.base : null;
  const base = isLink(was) ? await bytesOf(source, was['/']) : null;
  const of = async (address: typeof frame): Promise<Uint8Array | null> => {
    const blob = sourceOf((await loadFrame(source, address)).frame);
    return blob === undefined ? null : bytesOf(source, blob);
  };
  const [one, other] = [await of(ours.address), await of(theirs.address)];
  return { base, ours: one, theirs: other, pieces: piecesOf(base, one, other) };
};

const piecesOf = (
  base: Uint8Array | null,
  ours: Uint8Array | null,
  theirs: Uint8Array | null,
): readonly ConflictPiece[] | undefined => {
  if (ours === null || theirs === null) return undefined;
  const [was, one, other] = [base === null ? '' : textOf(base), textOf(ours), textOf(theirs)];
  if (was === undefined || one === undefined || other === undefined) return undefined;
  const merge = mergeText(was, one, other);
  // Lines go together, and what comes out is no program: the whole file is what there is to decide.
  return merge.kind === 'clean' ? [{ kind: 'conflict', base: was, ours: one, theirs: other }] : merge.pieces;
};

/** Where in this side's text the two do not go together: first and last line of each place, from 1. */
export const conflictLines = (
  pieces: readonly ConflictPiece[],
): readonly { readonly first: number; readonly last: number }[] => {
  const places: { first: number; last: number }[] = [];
  let line = 1;
  for (const piece of pieces) {
    const text = piece.kind === 'merged' ? piece.text : piece.ours;
    const count = text.split('\n').length - (text.endsWith('\n') || text === '' ? 1 : 0);
    if (piece.kind === 'conflict') places.push({ first: line, last: line + Math.max(0, count - 1) });
    line += count;
  }
  return places;
};
