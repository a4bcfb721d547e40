import type { AwaitedStage } from '@cd-push/client';

import type { CliContext } from '../cli-context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { explainProblem } from '../talk/explain.ts';
import { LiveLines } from '../talk/live-lines.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { describeTrack } from './describe-track.ts';
import { resultJson, trackJson } from './push-json.ts';
import type { RecipientNames } from './recipient-names.ts';
import type { LineTrack, SyncPush } from './sync-push.ts';
import { verdictOf, type Verdict } from './verdict.ts';

export interface FollowOptions {
  readonly wait: AwaitedStage;
  /** Milliseconds after which the waiting ends. */
  readonly timeoutMs: number;
  readonly json: boolean;
  /** Resources, or what else is sent, in a few words. */
  readonly what: string;
  /** To whom, in a few words. */
  readonly towards: string;
  readonly names: RecipientNames;
}

/** Shows how a push fares until it is where it is waited for, and gives the exit code. */
export const followPush = async (
  context: CliContext,
  push: SyncPush,
  options: FollowOptions,
): Promise<ExitCode> => {
  const { wait, timeoutMs, json, names } = options;
  const talk = new Talk(context);
  const lines = new LiveLines(context);
  const over = new AbortController();
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), context.signal, over.signal]);
  const show = (track: LineTrack): void => {
    if (json) printJson(context, { type: 'track', pushGuid: push.pushGuid, ...trackJson(track, names) });
    lines.set(track.recipient, describeTrack(talk, track, names, push.initTime));
  };
  const shown = push.follow(show, over.signal);
  try {
    await Promise.race([push.settled(wait, limit), aborted(limit)]);
  } catch (error) {
    // The end of the time is a verdict like any other.
    if (!limit.aborted) throw error;
  }
  const answers = await Promise.race([push.answers, Promise.resolve({ accepted: [], refused: [] })]);
  const verdict = verdictOf(wait, push.tracks, answers);
  // What came in together with the last change is shown before the end is told.
  await Promise.race([shown, new Promise((resolve) => setImmediate(resolve))]);
  over.abort();
  lines.done();
  if (json) printJson(context, resultJson(push, names, verdict));
  tell(talk, push, verdict, options);
  return verdict.exitCode;
};

const aborted = async (signal: AbortSignal): Promise<never> => {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) throw signal.reason;
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return promise;
};

const tell = (
  talk: Talk,
  push: SyncPush,
  { outcome, missed, problem }: Verdict,
  { what, towards, wait, timeoutMs, names }: FollowOptions,
): void => {
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
        `${talk.paint('red', 'partial')} ${what}: ${missed.length} of ${push.tracks.length} did not get to "${wait}":`,
      );
      for (const track of missed) talk.say(`  ${describeTrack(talk, track, names, push.initTime)}`);
      return;
    case 'timeout':
      talk.say(
        `${talk.paint('yellow', 'timeout')} after ${timeoutMs / 1000} s; not yet "${wait}": ${missed.map(({ recipient }) => names.nameOf(recipient)).join(', ')}`,
      );
      talk.say(`The push is accepted and goes on. Look later: cd-cli track ${push.pushGuid}`);
      return;
    case 'refused': {
      if (problem === undefined) {
        talk.say(`${talk.paint('yellow', 'timeout')} The relay did not answer within ${timeoutMs / 1000} s.`);
        return;
      }
      const { sentence, next } = explainProblem(problem);
      talk.say(`${talk.paint('red', 'refused')} ${sentence}`);
      if (problem.kind === 'no-recipients') talk.say(`Nothing matched: ${towards}.`);
      if (problem.current !== undefined)
        talk.say(`In place: version ${problem.current.version}, ${problem.current.digest ?? 'deleted'}.`);
      if (next !== undefined) talk.say(next);
      return;
    }
    default:
      outcome satisfies never;
  }
};
