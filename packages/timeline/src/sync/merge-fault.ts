import type { Problem } from '@cd-push/protocol';

import { remakes } from '../merge/remakes.ts';
import type { SyntaxCheck } from '../merge/syntax.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { Quarantined } from '../space/quarantine.ts';

/** Merges of one saga that are made again. Each takes milliseconds; further ones are taken by their parents alone. */
const remadeAtMost = 200;

/**
 * A merge that has come and that is not what comes of merging its parents in the way that it names, as far as this way is
 * known here. Who settled a merge by hand names no way.
 *
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export const mergeFault = async (
  quarantined: Quarantined,
  syntax: SyntaxCheck | undefined,
): Promise<Problem | undefined> => {
  let remade = 0;
  for (const object of quarantined.objects.values()) {
    if (object.type !== 'frame' || object.frame.timeline === null || object.frame.merge === undefined)
      continue;
    if (remade === remadeAtMost) return undefined;
    remade += 1;
    if ((await remakes(quarantined, object.address, syntax)) === 'other') {
      return objectProblem('bad-frame', object.address, 'Its parents merge to something else.', '/merge');
    }
  }
  return undefined;
};
