import type { AwaitedStage } from '@cd-push/client';
import type { StageTimes, TrackState } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { proposingCommand } from '../proposals/propose.ts';
import type { Settings } from '../settings/load-settings.ts';
import { explainProblem } from '../talk/explain.ts';
import { nextJson } from '../talk/next-json.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { explainConflict, type ExplainedRefusal } from './explain-conflict.ts';
import { explainNobody } from './explain-nobody.ts';
import type { Line } from './line.ts';
import { PushLines } from './push-lines.ts';
import { resultJson, trackJson } from './push-json.ts';
import { rememberPush } from './recent-pushes.ts';
import type { RecipientNames } from './recipient-names.ts';
import { tellRelayStatus } from './relay-status.ts';
import { shortGuid } from './short-ids.ts';
import type { FollowedPush, LineTrack } from './followed-push.ts';
import { verdictOf, type Verdict } from './verdict.ts';

export interface FollowOptions {
  readonly wait: AwaitedStage;
  /** Milliseconds after which the waiting ends. */
  readonly timeoutMs: number;
  readonly json: boolean;
  /** Resources, or what else is sent, in a few words. */
  readonly what: string;
  /** To whom, in a few words; undefined for every runtime of the project's module and environment. */
  readonly towards: string | undefined;
  readonly names: RecipientNames;
  readonly settings: Settings;
  /** The relays through which it goes. */
  readonly lines: readonly Line[];
  /** Whether the command can propose the same. */
  readonly isProposable?: boolean;
}

/** Shows how a push fares until it is where it is waited for, and gives the exit code. */
export const followPush = async (
  context: CliContext,
  push: FollowedPush,
  options: FollowOptions,
): Promise<ExitCode> => {
  const { wait, timeoutMs, json, names, what, settings } = options;
  const talk = new Talk(context);
  rememberPush(context.process.env, push.pushGuid);
  const hint = `Waiting for that up to ${timeoutMs / 1000} s; Ctrl-C ends the waiting, not the push.`;
  const lines = new PushLines(push, { talk, names, what, hint, module: settings.module });
  const over = new AbortController();
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), context.signal, over.signal]);
  const show = (track: LineTrack): void => {
    if (json) printJson(context, { type: 'track', pushGuid: push.pushGuid, ...trackJson(track, names) });
    lines.show(track);
  };
  const forget = tellRelayStatus(
    talk,
    options.lines,
    'what it has not taken is kept and sent when it is back',
  );
  const shown = push.follow(show, over.signal);
  const tellAway = async (): Promise<void> => {
    const { accepted } = await push.answers;
    const recipients = accepted.flatMap(({ recipients: of }) => of);
    await names.learn(recipients);
    if (!over.signal.aborted) lines.tellAway(recipients);
  };
  const told = tellAway();
  try {
    await Promise.race([push.settled(wait, limit), aborted(limit)]);
    await Promise.race([told, aborted(limit)]);
  } catch (error) {
    // The end of the time is a verdict like any other.
    if (!limit.aborted) throw error;
  } finally {
    forget();
  }
  const verdict = verdictOf(wait, push.tracks, push.answersSoFar);
  // What came in together with the last change is shown before the end is told.
  await Promise.race([shown, new Promise((resolve) => setImmediate(resolve))]);
  over.abort();
  await lines.finish();
  // Whoever has left meanwhile is called away, and who is held is called so.
  if (verdict.outcome === 'timeout') await names.load();
  const explained = await explainRefusal(context, push, verdict, options);
  const next = nextOf(push, verdict, explained);
  const gone = verdict.outcome === 'timeout' ? nextOfAway(verdict.missed, names) : undefined;
  if (json) printJson(context, { ...resultJson(push, names, verdict), ...nextJson(next) });
  tell(context, talk, push, verdict, { ...options, explained });
  if (next !== undefined) talk.next(next);
  if (gone !== undefined) talk.next(gone);
  return verdict.exitCode;
};

const aborted = async (signal: AbortSignal): Promise<never> => {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) throw signal.reason;
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return promise;
};

const tell = (
  context: CliContext,
  talk: Talk,
  push: FollowedPush,
  { outcome, missed, problem }: Verdict,
  options: FollowOptions & { readonly explained: ExplainedRefusal | undefined },
): void => {
  const { what, wait, timeoutMs, names, explained } = options;
  const stopped = context.signal.aborted
    ? `${talk.paint('yellow', 'stopped')} waiting`
    : `${talk.paint('yellow', 'timeout')} after ${timeoutMs / 1000} s`;
  switch (outcome) {
    case 'reached': {
      const count = push.tracks.length;
      talk.say(
        `${talk.paint('green', wait)} ${what} at ${count} ${count === 1 ? 'recipient' : 'recipients'}`,
      );
      return;
    }
    case 'partial':
      talk.say(partialOf(talk, push, missed, options));
      return;
    case 'timeout': {
      if (push.tracks.length === 0) {
        talk.tell(`${stopped}; the relay has not answered.`);
        talk.next(
          'The push is kept here: whatever is pushed to this relay next sends it first, and never twice.',
        );
        return;
      }
      const silent = missed.map((track) => standing(track, names)).join(', ');
      talk.tell(`${stopped}; not yet "${wait}": ${silent}`);
      return;
    }
    case 'refused': {
      if (problem === undefined || explained === undefined) return;
      talk.say(`${talk.paint('red', 'refused')} ${explained.sentence}`);
      if (problem.current !== undefined)
        talk.say(`In place: version ${problem.current.version}, ${problem.current.digest ?? 'deleted'}.`);
      return;
    }
    default:
      outcome satisfies never;
  }
};

/** What can be done now; undefined where there is nothing to be done. */
const nextOf = (
  { pushGuid, answersSoFar: { unanswered } }: FollowedPush,
  { outcome }: Verdict,
  explained: ExplainedRefusal | undefined,
): string | undefined => {
  if (explained !== undefined) return explained.next;
  if (outcome !== 'timeout') return undefined;
  return unanswered.length > 0
    ? 'The push is kept here. Whatever is pushed to this relay next sends it first, and never twice.'
    : `The push is accepted and goes on. Look later: cd-cli track ${shortGuid(pushGuid)}`;
};

/** Whoever is away is waited for each time anew, as it may return; that one will not only people know. */
const nextOfAway = (missed: readonly LineTrack[], names: RecipientNames): string | undefined => {
  const away = missed.find((track) => !names.isHeld(track.recipient) && isAway(track, names));
  return (
    away &&
    `If ${names.nameOf(away.recipient)} will not return, remove it: cd-cli targets remove ${shortGuid(away.recipient)}`
  );
};

const partialOf = (
  talk: Talk,
  { tracks }: FollowedPush,
  missed: readonly LineTrack[],
  { what, wait }: FollowOptions,
): string => {
  const many = `${missed.length} of ${tracks.length}`;
  const isAll = (stage: TrackState['stage']): boolean => missed.every(({ state }) => state.stage === stage);
  // That a later push has taken its place is nothing that went wrong, and nothing that was reached either.
  if (isAll('superseded'))
    return `${talk.paint('yellow', 'superseded')} ${what}: a later push took its place at ${many} before it was delivered`;
  // As the history calls a push that came nowhere.
  if (missed.length === tracks.length && isAll('failed'))
    return `${talk.paint('red', 'failed')} ${what} at ${many}`;
  return `${talk.paint('red', 'partial')} ${what}: ${many} did not get to "${wait}"`;
};

/** Why no relay took it; undefined where it was not refused. */
const explainRefusal = async (
  context: CliContext,
  { answersSoFar: { refused } }: FollowedPush,
  { problem }: Verdict,
  { settings, towards, lines, isProposable = false }: FollowOptions,
): Promise<ExplainedRefusal | undefined> => {
  if (problem === undefined) return undefined;
  if (problem.kind === 'no-recipients') return explainNobody(settings, towards);
  if (problem.kind === 'approval-needed' && isProposable) {
    const next = `Propose it, so that somebody else can approve of it: ${proposingCommand(context)}`;
    return { ...explainProblem(problem), next };
  }
  const by = refused.find((one) => one.problem === problem)?.line;
  const line = lines.find(({ name }) => name === by);
  return line === undefined ? explainProblem(problem) : explainConflict(line, settings.environment, problem);
};

/** Who it is, and how far it has come. */
const standing = (track: LineTrack, names: RecipientNames): string => {
  const { recipient, state } = track;
  if (names.isHeld(recipient)) return `${names.nameOf(recipient)} (held, see cd-cli policy)`;
  return `${names.nameOf(recipient)} (${isAway(track, names) ? 'away' : state.stage})`;
};

const isAway = ({ recipient, state }: LineTrack, names: RecipientNames): boolean => {
  const times: StageTimes = state.times;
  return names.isAway(recipient) || (!recipient.includes('#') && times.pushed === undefined);
};
