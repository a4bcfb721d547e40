import type { Problem } from '@cd-push/protocol';

import { isAncestor } from '../frames/descent.ts';
import { loadObject, type ObjectSource } from '../frames/load.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { Space, TipSwap } from './space.ts';

/**
 * Why a tip may not be moved, if so: it is another one by now (`tip-moved`), or the new one is not a later frame of the same
 * timeline (`bad-frame`). A first tip is any frame of its timeline.
 *
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export const swapFault = async (
  space: Pick<Space, 'tip'>,
  source: ObjectSource,
  { timeline, from, to }: TipSwap,
): Promise<Problem | undefined> => {
  if ((await space.tip(timeline)) !== from) {
    return objectProblem('tip-moved', timeline, 'Its tip is another one than was expected.');
  }
  const frame = await loadObject(source, to);
  if (frame.type !== 'frame') return objectProblem('bad-frame', to, 'A tip is a frame.');
  if (frame.timeline !== timeline) {
    return objectProblem(
      'bad-frame',
      to,
      'It is a frame of another timeline than the one whose tip it shall be.',
    );
  }
  if (from !== undefined && !(await isAncestor(source, from, to))) {
    return objectProblem('bad-frame', to, 'It does not descend from the tip that it shall replace.');
  }
  return undefined;
};
