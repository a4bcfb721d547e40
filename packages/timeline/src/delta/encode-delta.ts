import { utf8 } from '../crypto/base64url.ts';
import { BitEncoder } from './bit-encoder.ts';
import { Copies, type Copy, type Place } from './copies.ts';
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

/** What is done between two rests, which takes about a millisecond: bytes that are passed, places that are tried. */
const bytesPerStretch = 32_768;
const triesPerStretch = 65_536;
/** A copy that is longer is taken as it is found. */
const longEnough = 64;
/** What a byte on its own costs more than it would as part of a copy. */
const bitsOfWaiting = 3;

export interface DeltaBounds {
  /** Bytes that the delta may have. */
  readonly atMost: number;
  /** Waited for about every millisecond, so that whoever has other things to do can do them in between. */
  readonly rest?: () => Promise<void>;
}

/**
 * What makes one content of another one: few bytes where they differ little.
 *
 * @returns undefined where it would have more than it may.
 */
export const encodeDelta = async (
  base: string | Uint8Array,
  target: string | Uint8Array,
  { atMost, rest }: DeltaBounds,
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const encoding = encodingOf(bytesOf(base), bytesOf(target), atMost);
  for (;;) {
    const { done, value } = encoding.next();
    if (done === true) return value;
    await rest?.();
  }
};

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? utf8(content) : content;

/** Yields where it may rest. */
const encodingOf = function* (
  base: Uint8Array,
  target: Uint8Array,
  atMost: number,
): Generator<void, Uint8Array<ArrayBuffer> | undefined> {
  const copies = new Copies(base, target);
  const coder = new BitEncoder(contexts);
  let place: Place = { position: 0, behind: 0, since: 0 };
  let ownBytes = 0;
  let restAt = { position: bytesPerStretch, tried: triesPerStretch };
  // Where one place was changed, or none, not much is searched.
  let found = copies.goingOn(place);
  while (copies.index(bytesPerStretch)) yield;
  while (place.position < target.length) {
    if (coder.length > atMost) return undefined;
    if (place.position >= restAt.position || copies.tried >= restAt.tried) {
      yield;
      restAt = { position: place.position + bytesPerStretch, tried: copies.tried + triesPerStretch };
    }
    const further = afterByte(place);
    const isSettled = found !== undefined && found.length >= longEnough;
    const next = isSettled || further.position === target.length ? undefined : copies.at(further);
    const isCopied = found !== undefined && !saysMore(next, found);
    coder.bit(isCopy + recent(ownBytes), isCopied ? 1 : 0);
    if (found !== undefined && isCopied) {
      codeCopy(coder, found, place, ownBytes);
      ownBytes = 0;
      place = afterCopy(place, found);
      if (place.since === 0) copies.pass(place);
      found = place.position === target.length ? undefined : copies.at(place);
    } else {
      codeByte(coder, target[place.position] ?? 0);
      ownBytes += 1;
      place = further;
      found = next;
    }
  }
  const delta = coder.end();
  return delta.length > atMost ? undefined : delta;
};

/** Whether a copy that begins a byte later is worth a byte on its own. */
const saysMore = (next: Copy | undefined, { length, gain }: Copy): boolean =>
  next !== undefined && next.length > length && next.gain > gain + bitsOfWaiting;

const afterByte = ({ position, behind, since }: Place): Place => ({
  position: position + 1,
  behind,
  since: since + 1,
});

const afterCopy = ({ position, behind, since }: Place, { source, from, length }: Copy): Place =>
  source === sources.made
    ? { position: position + length, behind, since: since + length }
    : { position: position + length, behind: from + length, since: 0 };

const codeCopy = (
  coder: BitEncoder,
  { source, from, length }: Copy,
  { position, behind }: Place,
  ownBytes: number,
): void => {
  codeSource(coder, ownBytes, source);
  if (source === sources.base) {
    const offset = from - behind;
    codeNumber(coder, fromBase, offset < 0 ? -2 * offset - 1 : 2 * offset);
  } else if (source === sources.made) {
    codeNumber(coder, fromMade, position - from - 1);
  }
  codeNumber(coder, lengthFrom(source), length - 1);
};
