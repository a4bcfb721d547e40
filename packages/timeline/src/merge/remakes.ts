import { loadFrame, type ObjectSource } from '../frames/load.ts';
import type { Address } from '../objects/address.ts';
import { mergeAlgorithm } from './merge-algorithm.ts';
import { mergeFrames } from './merge-frames.ts';
import type { MergeSteps } from './merge-steps.ts';
import type { SyntaxCheck } from './syntax.ts';

/**
 * What comes of making a merge again: the `same` frame, an `other` one, so that whoever made it did something else than he
 * says, or it is `unknown`, because it was made in another way than is known here, or judged by other parsers. Then its
 * parents and whoever signs for it are all that can be checked.
 */
export type Remake = 'same' | 'other' | 'unknown';

/**
 * @param steps hears of what it takes, and may end it.
 * @throws {ProblemError} where a frame is missing or damaged.
 */
export const remakes = async (
  source: ObjectSource,
  mergeFrame: Address,
  syntax?: SyntaxCheck,
  steps?: MergeSteps,
): Promise<Remake> => {
  const { frame } = await loadFrame(source, mergeFrame);
  if (frame.timeline === null || frame.merge === undefined) return 'other';
  const { algorithm, syntax: judges } = frame.merge;
  if (algorithm !== mergeAlgorithm) return 'unknown';
  if (judges !== null && judges !== syntax?.id) return 'unknown';
  const [one, other] = frame.parents;
  if (other === undefined) return 'other';
  // Where no parser had a say, lines alone have settled it, or have not.
  const { address } = await mergeFrames(source, one, other, judges === null ? undefined : syntax, steps);
  return address === mergeFrame ? 'same' : 'other';
};
