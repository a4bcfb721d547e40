import type { Problem } from '@cd-push/protocol';

import { stepsPerRead, stepsUpTo, type MergeSteps } from '../merge/merge-steps.ts';
import { remakes } from '../merge/remakes.ts';
import type { SyntaxCheck } from '../merge/syntax.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { Quarantined } from '../space/quarantine.ts';

/**
 * Steps that making again may take what was brought at once: seconds of processing at most, and hundreds of merges of files of
 * twenty kilobytes.
 */
export const stepsOfBrought = 256_000_000;
/** The same of what was asked for, which may be the whole history of a module. */
export const stepsOfPulled = 16 * stepsOfBrought;

export interface MergeFaultOptions {
  /** Parsers that are known here. */
  readonly syntax?: SyntaxCheck | undefined;
  /** {@link stepsOfBrought} by default. */
  readonly atMost?: number | undefined;
  /** Hears of what it takes, and may end it. */
  readonly steps?: MergeSteps | undefined;
}

/**
 * A merge that has come and that is not what comes of merging its parents in the way that it names, as far as this way is
 * known here. Who settled a merge by hand names no way. Every merge that can be made again is: what takes too long is refused,
 * never believed.
 *
 * @throws {ProblemError} where a frame is missing or damaged; `too-large` where it takes too many steps.
 */
export const mergeFault = async (
  quarantined: Quarantined,
  { syntax, atMost = stepsOfBrought, steps: heard }: MergeFaultOptions = {},
): Promise<Problem | undefined> => {
  const steps = stepsUpTo(atMost, heard);
  const source: Quarantined = {
    ...quarantined,
    get: async (address) => {
      const bytes = await quarantined.get(address);
      steps(stepsPerRead + (bytes?.length ?? 0));
      return bytes;
    },
  };
  for (const object of quarantined.objects.values()) {
    if (object.type !== 'frame' || object.frame.timeline === null || object.frame.merge === undefined)
      continue;
    if ((await remakes(source, object.address, syntax, steps)) === 'other') {
      return objectProblem('bad-frame', object.address, 'Its parents merge to something else.', '/merge');
    }
  }
  return undefined;
};
