import { diff } from '../diff.ts';
import { Numbering, type Parts } from '../parts.ts';

/** Which tokens of a text are left out in another one, or undefined where that one has anything more. */
export const removalFrom = (base: Parts, side: Parts): Uint8Array | undefined => {
  const numbering = new Numbering();
  const removed = new Uint8Array(base.length);
  for (const { at, remove, insert } of diff(numbering.of(base), numbering.of(side))) {
    if (insert > 0) return undefined;
    removed.fill(1, at, at + remove);
  }
  return removed;
};
