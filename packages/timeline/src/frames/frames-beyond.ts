import { loadFrame, type ObjectSource } from './load.ts';
import type { Address } from '../objects/address.ts';
import type { FrameObject } from '../objects/parsed-object.ts';

interface Met {
  readonly frame: FrameObject;
  /** Whether it is known to the other side, itself or by a descendant. */
  isKnown: boolean;
}

/**
 * The frames that lead to a tip and that nobody has who has the known ones, children before parents, each once. A frame is
 * higher than its parents: once the highest is taken, whatever makes it known was taken before. Reads nothing below the
 * lowest of what it tells.
 *
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export async function* framesBeyond(
  source: ObjectSource,
  tip: Address,
  known: readonly Address[],
): AsyncGenerator<FrameObject, void, undefined> {
  const waiting = new Map<Address, Met>();
  let unknown = 0;
  const meet = async (address: Address, isKnown: boolean): Promise<void> => {
    const before = waiting.get(address);
    if (before === undefined) {
      waiting.set(address, { frame: await loadFrame(source, address), isKnown });
      unknown += Number(!isKnown);
    } else if (isKnown && !before.isKnown) {
      before.isKnown = true;
      unknown -= 1;
    }
  };
  for (const address of known) await meet(address, true);
  await meet(tip, false);
  while (unknown > 0) {
    const { frame, isKnown } = takeHighest(waiting);
    if (!isKnown) {
      unknown -= 1;
      yield frame;
    }
    for (const parent of frame.frame.parents) await meet(parent, isKnown);
  }
}

/** There are as many as branches side by side: few, as a rule one. */
const takeHighest = (waiting: Map<Address, Met>): Met => {
  let highest: Met | undefined;
  for (const met of waiting.values()) {
    if (highest === undefined || met.frame.height > highest.frame.height) highest = met;
  }
  if (highest === undefined) throw new TypeError('Nothing is waiting.');
  waiting.delete(highest.frame.address);
  return highest;
};
