import { ProblemError } from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import type { ControlKind } from '../objects/control-kind.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { FrameObject, ParsedObject } from '../objects/parsed-object.ts';
import { readObject } from '../objects/read-object.ts';
import type { Space } from '../space/space.ts';

/** Where objects are read from. */
export interface ObjectSource extends Pick<Space, 'get'> {
  /** One that was read already since it came. */
  known?(address: Address): ParsedObject | undefined;
}

/**
 * The object of an address, read anew: what lies on a disk may have changed there.
 *
 * @throws {ProblemError} `missing-object`, or why what is there is not the object.
 */
export const loadObject = async (
  source: ObjectSource,
  address: Address,
  controls?: readonly ControlKind[],
): Promise<ParsedObject> => {
  const known = source.known?.(address);
  if (known !== undefined) return known;
  const bytes = await source.get(address);
  if (bytes === undefined)
    throw new ProblemError(objectProblem('missing-object', address, 'It is not here.'));
  const read = await readObject({ address, bytes }, controls);
  if (!read.ok) throw new ProblemError(read.problem);
  return read.value;
};

/**
 * The frame of an address.
 *
 * @throws {ProblemError} `missing-object`, `bad-frame` where it is something else, or why what is there is not the object.
 */
export const loadFrame = async (source: ObjectSource, address: Address): Promise<FrameObject> => {
  const object = await loadObject(source, address);
  if (object.type === 'frame') return object;
  throw new ProblemError(objectProblem('bad-frame', address, 'This is no frame.'));
};
