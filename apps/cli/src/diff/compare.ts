import { structuredPatch, type StructuredPatchHunk } from 'diff';

import type { Held, Side } from './side.ts';

/** What is compared: the files as they were saved, or what was pushed of them. */
type Form = 'source' | 'pushed';

/** What two states of a file differ in. */
export type Comparison =
  | { readonly kind: 'same'; readonly form: Form }
  | {
      readonly kind: 'text';
      readonly form: Form;
      readonly hunks: readonly StructuredPatchHunk[];
      readonly added: number;
      readonly removed: number;
    }
  /** Bytes that are no text, or texts too long or too different to be shown line by line. */
  | { readonly kind: 'other'; readonly form: Form; readonly reason: 'binary' | 'too-large' | 'too-different' }
  /** The content of one of them was let go of. */
  | { readonly kind: 'gone'; readonly side: Side };

/** UTF-16 units of both texts together, and lines by which they may differ: the work grows with their product. */
const longest = 16 * 1024 * 1024;
const mostEdits = 4_000;
const contextLines = 3;

/** @param isPushed compares what was pushed, also where the files as they were saved are known. */
export const compare = async (from: Side, to: Side, isPushed: boolean): Promise<Comparison> => {
  if (!isPushed) {
    const [before, after] = await Promise.all([from.source(), to.source()]);
    if (before !== undefined && after !== undefined) return compareHeld(before, after, 'source');
  }
  const [before, after] = await Promise.all([from.pushed(), to.pushed()]);
  if (before === undefined) return { kind: 'gone', side: from };
  if (after === undefined) return { kind: 'gone', side: to };
  return compareHeld(before, after, 'pushed');
};

const compareHeld = (before: NonNullable<Held>, after: NonNullable<Held>, form: Form): Comparison => {
  if (isEqual(before, after)) return { kind: 'same', form };
  if (!isText(before) || !isText(after)) return { kind: 'other', form, reason: 'binary' };
  if (before.length + after.length > longest) return { kind: 'other', form, reason: 'too-large' };
  const patch = structuredPatch('', '', before, after, '', '', {
    context: contextLines,
    maxEditLength: mostEdits,
  });
  if (patch === undefined) return { kind: 'other', form, reason: 'too-different' };
  const count = (sign: string): number =>
    patch.hunks.reduce((sum, { lines }) => sum + lines.filter((line) => line.startsWith(sign)).length, 0);
  return { kind: 'text', form, hunks: patch.hunks, added: count('+'), removed: count('-') };
};

const isText = (held: NonNullable<Held>): held is string => typeof held === 'string' && !held.includes('\0');

const isEqual = (one: NonNullable<Held>, other: NonNullable<Held>): boolean =>
  typeof one === 'string' || typeof other === 'string' ? one === other : Buffer.compare(one, other) === 0;
