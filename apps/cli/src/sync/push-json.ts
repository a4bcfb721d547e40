import { deriveProgress, epochMs, toCommTrack, type Problem, type TrackState } from '@cd-push/protocol';

import { explainProblem } from '../talk/explain.ts';
import type { RecipientNames } from './recipient-names.ts';
import type { LineTrack, SyncPush } from './sync-push.ts';
import type { Verdict } from './verdict.ts';

/** One recipient's track as `--json` prints it. */
export const trackJson = ({ recipient, line, attempt, state }: LineTrack, names: RecipientNames) => ({
  recipient,
  relay: line,
  ...names.factsOf(recipient),
  attempt,
  stage: state.stage,
  commTrack: toCommTrack(state.times),
  ...(state.stage === 'failed' ? { problem: state.problem } : {}),
});

/** A problem as `--json` prints it, with what to do about it. */
export const problemJson = (problem: Problem): { readonly problem: Problem; readonly next?: string } => {
  const { next } = explainProblem(problem);
  return next === undefined ? { problem } : { problem, next };
};

/** A push as `--json` prints it at the end of the waiting; `outcome` is a verdict's, in `push` and `watch` alike. */
export const resultJson = (
  push: SyncPush,
  names: RecipientNames,
  {
    outcome,
    exitCode,
    problem,
  }: {
    readonly outcome: Verdict['outcome'];
    readonly exitCode?: number;
    readonly problem?: Problem | undefined;
  },
) => {
  const { pushGuid, tracks } = push;
  const states: TrackState[] = tracks.map(({ state }) => state);
  return {
    type: 'result',
    pushGuid,
    outcome,
    ...(exitCode === undefined ? {} : { exitCode }),
    commTrack: deriveProgress(epochMs(push.initTime), states).commTrack,
    recipients: tracks.map((track) => trackJson(track, names)),
    ...(problem === undefined ? {} : problemJson(problem)),
  };
};
