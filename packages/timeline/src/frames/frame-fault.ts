import type { Problem } from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { FrameObject, ParsedObject } from '../objects/parsed-object.ts';
import { loadObject, type ObjectSource } from './load.ts';

/**
 * Why a frame does not follow from its parents, if so: one is of another timeline, or its height is not one more than
 * theirs. `bad-frame`, or `missing-object` where a parent is not here. What holds for each frame of a history holds for all
 * of it, down to the first.
 *
 * @throws {ProblemError} where a parent is damaged.
 */
export const frameFault = async (source: ObjectSource, object: FrameObject): Promise<Problem | undefined> => {
  const { address, frame, height, timeline } = object;
  if (frame.timeline === null) return undefined;
  const bad = (detail: string, path: string): Problem => objectProblem('bad-frame', address, detail, path);

  const heights: number[] = [];
  for (const [index, parent] of frame.parents.entries()) {
    const path = `/parents/${index}`;
    const found = await frameOrNot(source, parent);
    if (found === undefined) return bad('A parent is no frame.', path);
    if (found.timeline !== timeline) return bad('A parent is a frame of another timeline.', path);
    heights.push(found.height);
  }
  if (height !== Math.max(...heights) + 1) {
    return bad('The height is not one more than the highest parent’s.', '/height');
  }
  for (const [index, base] of (frame.merge?.base ?? []).entries()) {
    const path = `/merge/base/${index}`;
    const found = await frameOrNot(source, base);
    if (found === undefined) return bad('A merge base is no frame.', path);
    if (found.timeline !== timeline) return bad('A merge base is a frame of another timeline.', path);
    if (found.height >= Math.min(...heights)) return bad('A merge base is not below both parents.', path);
  }
  return undefined;
};

const frameOrNot = async (source: ObjectSource, address: Address): Promise<FrameObject | undefined> => {
  const found: ParsedObject = await loadObject(source, address);
  return found.type === 'frame' ? found : undefined;
};
