import type { Address } from '../objects/address.ts';
import { Frontier } from './frontier.ts';
import { loadFrame, type ObjectSource } from './load.ts';

/** From which of the two frames one was reached, and whether through a common ancestor, which makes it none of the best. */
const ofOne = 1;
const ofOther = 2;
const ofBoth = ofOne | ofOther;
const belowBase = 4;

/**
 * The best common ancestors of two frames, in the order of their addresses: none of them is an ancestor of another. There is
 * one as a rule, several where histories crossed, and none where the frames are of two timelines. A frame that is the other
 * one's ancestor is the only one.
 *
 * Reads what lies above them, and as far below as it takes to see that nothing else is better.
 *
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export const mergeBases = async (
  source: ObjectSource,
  one: Address,
  other: Address,
): Promise<readonly Address[]> => {
  if (one === other) return [one];
  const ends = [await loadFrame(source, one), await loadFrame(source, other)] as const;
  if (ends[0].timeline !== ends[1].timeline) return [];
  const frontier = new Frontier(source);
  for (const end of ends) frontier.put(end);
  const marks = new Map<Address, number>();
  const bases: Address[] = [];
  /** Frames of the frontier that may still lead to a base. */
  let promising = 0;

  const mark = (address: Address, added: number): void => {
    const before = marks.get(address);
    const after = (before ?? 0) | added;
    marks.set(address, after);
    promising += Number(!isBelow(after)) - Number(before !== undefined && !isBelow(before));
  };

  mark(one, ofOne);
  mark(other, ofOther);
  while (promising > 0) {
    const frame = frontier.take();
    if (frame === undefined) break;
    const found = marks.get(frame.address) ?? 0;
    marks.delete(frame.address);
    if (!isBelow(found)) promising -= 1;
    if (found === ofBoth) bases.push(frame.address);
    const { parents } = frame.frame;
    for (const parent of parents) mark(parent, found === ofBoth ? ofBoth | belowBase : found);
    await frontier.addParentsOf(frame);
  }
  return bases.toSorted();
};

const isBelow = (marks: number): boolean => (marks & belowBase) !== 0;
