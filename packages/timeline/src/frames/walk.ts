import type { Address } from '../objects/address.ts';
import type { FrameObject } from '../objects/parsed-object.ts';
import { Frontier } from './frontier.ts';
import type { ObjectSource } from './load.ts';

/**
 * The frames of a timeline from these ones back to its first, children before parents, each once. It keeps as many in memory
 * as there are branches side by side: one, where nothing was merged.
 *
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export async function* walk(
  source: ObjectSource,
  from: readonly Address[],
): AsyncGenerator<FrameObject, void, undefined> {
  const frontier = new Frontier(source);
  await frontier.add(from);
  for (let frame = frontier.take(); frame !== undefined; frame = frontier.take()) {
    yield frame;
    await frontier.addParentsOf(frame);
  }
}
