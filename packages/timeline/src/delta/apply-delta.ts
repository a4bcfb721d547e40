import { BitDecoder } from './bit-decoder.ts';
import {
  codeByte,
  codeNumber,
  codeSource,
  contexts,
  fromBase,
  fromMade,
  isCopy,
  lengthFrom,
  recent,
  sources,
} from './grammar.ts';

/**
 * Makes what a delta makes of its base, or answers undefined where it is no delta upon this base of this length. What comes
 * out counts only if it has the signed digest.
 *
 * It takes as long as what it makes is long, however few bytes ask for it: the caller bounds the length.
 */
export const applyDelta = (
  base: Uint8Array,
  delta: Uint8Array,
  length: number,
): Uint8Array<ArrayBuffer> | undefined => {
  const coder = new BitDecoder(contexts, delta);
  const made = new Uint8Array(length);
  let position = 0;
  /** Right behind what was copied from the base last. */
  let behind = 0;
  /** How many were made since. */
  let since = 0;
  let ownBytes = 0;
  while (position < length) {
    if (coder.isPastEnd) return undefined;
    if (coder.bit(isCopy + recent(ownBytes)) === 0) {
      made[position] = codeByte(coder, 0);
      position += 1;
      since += 1;
      ownBytes += 1;
      continue;
    }
    const source = codeSource(coder, ownBytes, 0);
    if (source === sources.made) {
      const start = position - 1 - codeNumber(coder, fromMade, 0);
      const end = start + 1 + codeNumber(coder, lengthFrom(source), 0);
      if (start < 0 || position + end - start > length) return undefined;
      for (let from = start; from < end; from += 1, position += 1) made[position] = made[from] ?? 0;
      since += end - start;
    } else {
      const start = behind + offsetOf(source, since, coder);
      const end = start + 1 + codeNumber(coder, lengthFrom(source), 0);
      if (start < 0 || end > base.length || position + end - start > length) return undefined;
      made.set(base.subarray(start, end), position);
      position += end - start;
      behind = end;
      since = 0;
    }
    ownBytes = 0;
  }
  return made;
};

const offsetOf = (source: number, since: number, coder: BitDecoder): number => {
  if (source === sources.behind) return 0;
  if (source === sources.beside) return since;
  const offset = codeNumber(coder, fromBase, 0);
  return offset % 2 === 0 ? offset / 2 : -(offset + 1) / 2;
};
