import { guardJson, ok, refuse, type Problem, type Result } from '@cd-push/protocol';

import { digestOf } from '../crypto/digest.ts';
import { conflictKind } from '../frames/conflict.ts';
import { constantKind, frameKind, type Frame } from '../frames/frame.ts';
import { readConstant, readFrame } from '../frames/read-frame.ts';
import type { StoredObject } from '../space/space.ts';
import { readAddress, type Address, type Codec } from './address.ts';
import { parseCanonical } from './canonical.ts';
import type { ControlKind } from './control-kind.ts';
import type { Members } from './members.ts';
import { objectLimits } from './object-limits.ts';
import { refuseFault, type Fault } from './object-problem.ts';
import type { FrameObject, ParsedObject } from './parsed-object.ts';
import { ReadingCache } from './reading-cache.ts';
import { readConflict } from './read-value.ts';

/**
 * Reads an object from anywhere: that its address is of just these bytes, that they are spelled as they have to be, and that
 * it is what its kind demands by itself. Problems are `bad-object`, `bad-frame` or `too-large`, with the address and place.
 *
 * @param controls kinds that are accepted besides those of what is synced.
 */
export const readObject = async (
  { address, bytes }: StoredObject,
  controls: readonly ControlKind[] = [],
): Promise<Result<ParsedObject, Problem>> => {
  const named = readAddress(address);
  if (named === undefined) return refuseFault(address, bad('This is no address.'));
  const fault = sizeFault(bytes, named.codec);
  if (fault !== undefined) return refuseFault(address, fault);
  if ((await digestOf(bytes)) !== named.digest) {
    return refuseFault(address, bad('The bytes are not those that the address names.'));
  }
  if (named.codec === 'raw') return ok({ type: 'blob', address, bytes, refers: [] });
  const known = readings.get({ address, bytes });
  if (known !== undefined) return ok(known);
  const parsed = parseCanonical(bytes);
  if (!parsed.ok) return refuse({ ...parsed.problem, resource: address });
  const read = readKind({ address, bytes }, parsed.value, controls);
  if (!read.ok) return refuseFault(address, read.problem);
  readings.put(read.value);
  return read;
};

/** What the bytes of objects say follows from the bytes, so it is only found out again that they are what they were. */
const readings = new ReadingCache();

/**
 * The same of an object whose bytes were just made from its members: they are spelled as they have to be, and need not be
 * parsed.
 */
export const readMade = (stored: StoredObject, members: Members): Result<ParsedObject, Problem> => {
  const { address, bytes } = stored;
  const fault = sizeFault(bytes, 'json');
  if (fault !== undefined) return refuseFault(address, fault);
  const forbidden = guardJson(members, 'bad-object');
  if (forbidden !== undefined) return refuse({ ...forbidden, resource: address });
  const read = readKind(stored, members, []);
  return read.ok ? read : refuseFault(address, read.problem);
};

const readKind = (
  stored: StoredObject,
  members: Members,
  controls: readonly ControlKind[],
): Result<ParsedObject, Fault> => {
  const found = new Set<Address>();
  switch (members['kind']) {
    case frameKind: {
      const read = readFrame(members, found);
      return read.ok ? ok(frameObject(stored, read.value, [...found].toSorted())) : read;
    }
    case constantKind: {
      const read = readConstant(members, found);
      return read.ok
        ? ok({ ...stored, type: 'constant', constant: read.value, refers: [...found].toSorted() })
        : read;
    }
    case conflictKind: {
      const read = readConflict(members, found);
      return read.ok
        ? ok({ ...stored, type: 'conflict', conflict: read.value, refers: [...found].toSorted() })
        : read;
    }
    default: {
      const control = controls.find(({ kind }) => kind === members['kind']);
      if (control === undefined)
        return refuse({ ...bad('Objects of this kind are not known here.'), path: '/kind' });
      const read = control.read(members);
      return read.ok ? ok({ ...stored, type: 'control', kind: control.kind, ...read.value }) : read;
    }
  }
};

/** A frame that was read or made, with what is asked of it most. */
export const frameObject = <Read extends Frame>(
  { address, bytes }: StoredObject,
  frame: Read,
  refers: readonly Address[],
): FrameObject<Read> => ({
  type: 'frame',
  address,
  bytes,
  frame,
  timeline: frame.timeline ?? address,
  height: frame.height,
  refers,
});

const sizeFault = ({ length }: Uint8Array, codec: Codec): Fault | undefined => {
  const limit = codec === 'raw' ? objectLimits.blobBytes : objectLimits.structuredBytes;
  const detail = `${length} bytes; at most ${limit} fit an object.`;
  return length > limit ? { kind: 'too-large', path: '', detail } : undefined;
};

const bad = (detail: string): Fault => ({ kind: 'bad-object', path: '', detail });
