import { problemOf, type Problem } from '@cd-push/protocol';

import type { Awaitable } from '../crypto/port.ts';
import { loadFrame, loadObject } from '../frames/load.ts';
import { readAddress, type Address } from '../objects/address.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { ConstantObject, FrameObject, ParsedObject } from '../objects/parsed-object.ts';
import type { Quarantined } from './quarantine.ts';

/** What the sender of what came may know of what is here. */
export interface Sight {
  /** A frame, by the first one of its timeline. */
  frame(frame: FrameObject, genesis: FrameObject): boolean;
  constant(constant: ConstantObject): boolean;
  /** A blob that none of the frames that it may know of refers to. */
  blob(address: Address): Awaitable<boolean>;
}

/** Frames that are looked at besides one for each object that came. */
const looksAtMost = 10_000;

/**
 * What refers to something that is here and that the sender may not know of, if anything does: knowing an address is not
 * having the object, and whoever may read what came would be shown what it leads to. It is told like what is not here at all.
 *
 * @throws {ProblemError} where something is missing or damaged.
 */
export const foreignFault = async (source: Quarantined, sight: Sight): Promise<Problem | undefined> => {
  const { objects } = source;
  const inHistory = new Map<Address, Address>();
  const beside = new Map<Address, Address>();
  for (const object of objects.values()) {
    const history = new Set(object.type === 'frame' ? [object.timeline, ...object.frame.parents] : []);
    for (const sought of object.refers) {
      if (!objects.has(sought)) (history.has(sought) ? inHistory : beside).set(sought, object.address);
    }
  }
  /** What the frames refer to that the sender may know of. */
  const told = new Set<Address>();
  const timelines = new Map<Address, FrameObject>();
  let looks = 0;
  const tell = ({ refers }: ParsedObject): true => {
    for (const further of refers) told.add(further);
    return true;
  };
  const isSeen = async (address: Address): Promise<boolean> => {
    const object = await loadObject(source, address);
    if (object.type === 'constant') return sight.constant(object) && tell(object);
    if (object.type !== 'frame') return false;
    const genesis = timelines.get(object.timeline) ?? (await loadFrame(source, object.timeline));
    timelines.set(object.timeline, genesis);
    return sight.frame(object, genesis) && tell(object);
  };
  const blobs: (readonly [sought: Address, referrer: Address])[] = [];
  // What stands in histories first: a frame has most of its relations in common with its parent.
  for (const [sought, referrer] of [...inHistory, ...beside]) {
    if (readAddress(sought)?.codec === 'raw') {
      blobs.push([sought, referrer]);
      continue;
    }
    // What is referred to beside the history may be wanted for what it refers to in its turn: a version that comes back.
    const isTold = told.has(sought);
    if (isTold && inHistory.has(sought)) continue;
    looks += 1;
    if (looks > looksAtMost + objects.size) return tooMany;
    if (!(await isSeen(sought)) && !isTold) return lacking(sought, referrer);
  }
  for (const [sought, referrer] of blobs) {
    if (!told.has(sought) && !(await sight.blob(sought))) return lacking(sought, referrer);
  }
  return undefined;
};

const tooMany = problemOf('too-large', {
  detail: 'This refers to too much that is here already. Bring less at once.',
});

const lacking = (sought: Address, referrer: Address): Problem =>
  objectProblem('missing-object', sought, `${referrer} refers to it.`);
