import type { Problem } from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { ParsedObject } from '../objects/parsed-object.ts';

/** An object that came and that nothing of what was agreed on leads to: nobody would ever be rid of it. */
export const surplusFault = (
  objects: ReadonlyMap<Address, ParsedObject>,
  roots: Iterable<Address>,
): Problem | undefined => {
  const reached = new Set<Address>();
  const waiting = [...roots];
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    const object = objects.get(address);
    if (object === undefined || reached.has(address)) continue;
    reached.add(address);
    waiting.push(...object.refers);
  }
  for (const address of objects.keys()) {
    if (!reached.has(address))
      return objectProblem('bad-object', address, 'Nothing that was asked for refers to it.');
  }
  return undefined;
};
