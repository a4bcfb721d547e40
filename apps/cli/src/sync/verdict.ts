import type { AwaitedStage } from '@cd-push/client';
import { isSettled, type Problem, type StageTimes } from '@cd-push/protocol';

import { exitCodeOf, exitCodes, type ExitCode } from '../exit-codes.ts';
import type { LineAnswers, LineTrack } from './followed-push.ts';

/** How a push came out, for the shell. */
export interface Verdict {
  readonly outcome: 'reached' | 'partial' | 'timeout' | 'refused';
  readonly exitCode: ExitCode;
  /** Recipients that did not reach the stage: failed, superseded, expired, or still silent when the time ended. */
  readonly missed: readonly LineTrack[];
  /** Why no relay took it; the worst of what they said, and undefined where it was not refused. */
  readonly problem: Problem | undefined;
}

/**
 * Judges a push at the moment when the waiting ended.
 *
 * A failed recipient weighs more than a silent one: the caller can do something about it at once.
 */
export const verdictOf = (
  stage: AwaitedStage,
  tracks: readonly LineTrack[],
  { accepted, refused, unanswered }: LineAnswers,
): Verdict => {
  // Where one relay of two knows no recipient, the other's recipients are the answer.
  const faults =
    accepted.length + unanswered.length > 0
      ? refused.filter(({ problem }) => problem.kind !== 'no-recipients')
      : refused;
  const [fault] = faults.toSorted((a, b) => weight(b.problem) - weight(a.problem));
  if (fault !== undefined) {
    const { problem } = fault;
    return { outcome: 'refused', exitCode: exitCodeOf(problem), missed: [], problem };
  }
  const missed = tracks.filter(({ state }) => {
    const times: StageTimes = state.times;
    return times[stage] === undefined;
  });
  const isAnswered = unanswered.length === 0;
  if (missed.length === 0 && isAnswered)
    return { outcome: 'reached', exitCode: exitCodes.ok, missed, problem: undefined };
  if (missed.some(({ state }) => isSettled(state)))
    return { outcome: 'partial', exitCode: exitCodes.partial, missed, problem: undefined };
  return { outcome: 'timeout', exitCode: exitCodes.timeout, missed, problem: undefined };
};

const weight = ({ kind, status }: Problem): number =>
  kind === 'conflict' ? 3 : status === 401 ? 2 : kind === 'no-recipients' ? 0 : 1;
