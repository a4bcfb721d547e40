import {
  deriveProgress,
  epochMs,
  toCommTrack,
  type Problem,
  type PushView,
  type TrackState,
} from '@cd-push/protocol';

import { explainProblem } from '../talk/explain.ts';
import { nextJson } from '../talk/next-json.ts';
import type { RecipientNames } from './recipient-names.ts';
import type { FollowedPush, LineTrack } from './followed-push.ts';
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

/** A push as its relay tells of it, with what its recipients are called. */
export const namedPush = (view: PushView, names: RecipientNames) => ({
  ...view,
  recipients: view.recipients.map((one) => ({ ...names.factsOf(one.recipient), ...one })),
});

/** A problem as `--json` prints it, with what to do about it. */
export const problemJson = (
  problem: Problem,
): { readonly problem: Problem } & ReturnType<typeof nextJson> => ({
  problem,
  ...nextJson(explainProblem(problem).next),
});

/** A push as `--json` prints it at the end of the waiting; `outcome` is a verdict's, in `push` and `watch` alike. */
export const resultJson = (
  push: FollowedPush,
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
