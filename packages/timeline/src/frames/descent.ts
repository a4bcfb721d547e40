import type { Address } from '../objects/address.ts';
import { Frontier } from './frontier.ts';
import { loadFrame, type ObjectSource } from './load.ts';

/**
 * Whether a frame is another one's ancestor, or that frame itself. Reads what lies above the ancestor, and nothing below.
 *
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export const isAncestor = async (
  source: ObjectSource,
  ancestor: Address,
  descendant: Address,
): Promise<boolean> => {
  if (ancestor === descendant) return true;
  const sought = await loadFrame(source, ancestor);
  const frontier = new Frontier(source);
  await frontier.add([descendant]);
  for (let frame = frontier.take(); frame !== undefined; frame = frontier.take()) {
    if (frame.timeline !== sought.timeline || frame.height <= sought.height) return false;
    if (frame.frame.parents.some((parent) => parent === ancestor)) return true;
    await frontier.addParentsOf(frame);
  }
  return false;
};
