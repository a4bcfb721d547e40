import { problemOf, refuse, type Problem, type Result } from '@cd-push/protocol';

import { objectProblem } from '../objects/object-problem.ts';
import { Quarantine, type QuarantineOptions, type Verify } from './quarantine.ts';
import type { Space, SpaceChange, SpaceCommit, StoredObject, TipSwap } from './space.ts';

export interface ReceiveChecks extends QuarantineOptions {
  readonly verify?: Verify | undefined;
}

/**
 * Brings what came from elsewhere into a space: everything about it holds, and all of it is committed, or a problem says
 * what does not, and nothing is. Problems are `bad-object`, `bad-frame`, `missing-object`, `tip-moved` and `too-large`, with
 * the address in `resource` and the place in `path`; or what `verify` says.
 *
 * @throws what the space throws.
 */
export const receive = async (
  space: Space,
  objects: readonly StoredObject[],
  swaps: readonly TipSwap[],
  { verify, ...options }: ReceiveChecks = {},
): Promise<Result<SpaceChange, Problem>> => {
  const quarantine = new Quarantine(space, options);
  const added = await quarantine.add(objects);
  if (!added.ok) return added;
  const checked = await quarantine.check(swaps, verify);
  if (!checked.ok) return checked;
  const moved = movedProblem(await space.commit(checked.value));
  return moved === undefined ? checked : refuse(moved);
};

/** The problem that a commit ended with, if it did. */
export const movedProblem = (commit: SpaceCommit): Problem | undefined => {
  if (commit.outcome === 'committed') return undefined;
  const [first] = commit.tips;
  const detail = 'Its tip is another one than was expected.';
  return first === undefined
    ? problemOf('tip-moved', { detail })
    : objectProblem('tip-moved', first.timeline, detail);
};
