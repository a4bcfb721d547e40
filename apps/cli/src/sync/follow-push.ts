import type { AwaitedStage } from '@cd-push/client';
import type { Problem, StageTimes } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Settings } from '../settings/load-settings.ts';
import { explainProblem } from '../talk/explain.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { explainNobody } from './explain-nobody.ts';
import { PushLines } from './push-lines.ts';
import { resultJson, trackJson } from './push-json.ts';
import { rememberPush } from './recent-pushes.ts';
import type { RecipientNames } from './recipient-names.ts';
import { shortGuid } from './short-ids.ts';
import type { LineTrack, SyncPush } from './sync-push.ts';
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
}

/** Shows how a push fares until it is where it is waited for, and gives the exit code. */
export const followPush = async (
  context: CliContext,
  push: SyncPush,
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
  const shown = push.follow(show, over.signal);
  const tellAway = async (): Promise<void> => {
    const { accepted } = await push.answers;
    const recipients = accepted.flatMap(({ answer }) => answer.recipients);
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
  }
  const answers = await Promise.race([push.answers, Promise.resolve({ accepted: [], refused: [] })]);
  const verdict = verdictOf(wait, push.tracks, answers);
  // What came in together with the last change is shown before the end is told.
  await Promise.race([shown, new Promise((resolve) => setImmediate(resolve))]);
  over.abort();
  await lines.finish();
  // Whoever has left meanwhile is called away.
  if (verdict.outcome === 'timeout') await names.load();
  const next = verdict.problem && explainRefusal(verdict.problem, options).next;
  if (json)
    printJson(context, { ...resultJson(push, names, verdict), ...(next === undefined ? {} : { next }) });
  tell(context, talk, push, verdict, options);
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
  push: SyncPush,
  { outcome, missed, problem }: Verdict,
  options: FollowOptions,
): void => {
  const { what, wait, timeoutMs, names } = options;
  const later = `cd-cli track ${shortGuid(push.pushGuid)}`;
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
      talk.say(
        `${talk.paint('red', 'partial')} ${what}: ${missed.length} of ${push.tracks.length} did not get to "${wait}"`,
      );
      return;
    case 'timeout': {
      const silent = missed.map((track) => standing(track, names)).join(', ');
      talk.tell(`${stopped}; not yet "${wait}": ${silent}`);
      talk.next(`The push is accepted and goes on. Look later: ${later}`);
      return;
    }
    case 'refused': {
      if (problem === undefined) {
        talk.say(`${stopped}; the relay has not answered.`);
        return;
      }
      const { sentence, next } = explainRefusal(problem, options);
      talk.say(`${talk.paint('red', 'refused')} ${sentence}`);
      if (problem.current !== undefined)
        talk.say(`In place: version ${problem.current.version}, ${problem.current.digest ?? 'deleted'}.`);
      if (next !== undefined) talk.next(next);
      return;
    }
    default:
      outcome satisfies never;
  }
};

const explainRefusal = (
  problem: Problem,
  { settings, towards }: FollowOptions,
): { readonly sentence: string; readonly next: string | undefined } =>
  problem.kind === 'no-recipients' ? explainNobody(settings, towards) : explainProblem(problem);

/** Who it is, and how far it has come. */
const standing = ({ recipient, state }: LineTrack, names: RecipientNames): string => {
  const times: StageTimes = state.times;
  const isAway = names.isAway(recipient) || (!recipient.includes('#') && times.pushed === undefined);
  return `${names.nameOf(recipient)} (${isAway ? 'away' : state.stage})`;
};
