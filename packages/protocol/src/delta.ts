import type { Splice } from './wire/patch.ts';

/**
 * Applies a delta to its predecessor's text, or answers undefined where the splices overlap, run backwards or pass the
 * end. What comes out counts only if it has the signed digest.
 */
export const applySplices = (text: string, splices: readonly Splice[]): string | undefined => {
  const parts: string[] = [];
  let position = 0;
  for (const { at, remove, insert } of splices) {
    if (at < position || at + remove > text.length) return undefined;
    parts.push(text.slice(position, at), insert);
    position = at + remove;
  }
  parts.push(text.slice(position));
  return parts.join('');
};
