import type { ProblemKind, PushView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError } from '../cli-error.ts';
import type { RetryFlags } from '../commands/flags.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { describePush } from '../sync/describe-push.ts';
import { followPush } from '../sync/follow-push.ts';
import { knownPushes, type KnownPush } from '../sync/known-pushes.ts';
import { openLines } from '../sync/open-lines.ts';
import { RecipientNames } from '../sync/recipient-names.ts';
import { checkPush, resolvePush } from '../sync/resolve-push.ts';
import { fitsRecipient, resolveRecipient } from '../sync/resolve-targets.ts';
import { shortGuid } from '../sync/short-ids.ts';
import { explainProblem } from '../talk/explain.ts';
import { nextJson } from '../talk/next-json.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { RetriedPush, type RefusedRetry } from './retried-push.ts';

/** `retry <guid>`: the same push again, where it ended without effect. */
export const runRetry = async (context: CliContext, flags: RetryFlags, text: string): Promise<void> => {
  checkPush(text);
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  await using lines = await openLines(context, settings);
  const pushGuid = await resolvePush(context, lines.all, text);
  const known = await knownPushes(lines.all, pushGuid);
  const named = await Promise.all((flags.target ?? []).map((target) => resolveRecipient(lines.all, target)));
  const names = new RecipientNames(lines.all);
  await names.load();
  const over = new AbortController();
  try {
    const push = new RetriedPush(pushGuid, known);
    const refused = await push.open(
      {
        stages: flags.failed ? ['failed'] : ['failed', 'expired'],
        recipientsAt: (one) => (named.length === 0 ? undefined : recipientsOf(one, named)),
      },
      AbortSignal.any([context.signal, over.signal]),
    );
    for (const one of refused) tellRefused(context, flags, pushGuid, one, names);
    context.process.exitCode = push.isUnderWay
      ? await follow(context, flags, {
          push,
          known,
          names,
          settings,
          isPartial: refused.some(({ problem }) => problem.kind !== 'conflict'),
        })
      : tellNothing(context, flags, known, refused);
  } finally {
    over.abort();
  }
};

/** Of the recipients of a push those that a person names. */
const recipientsOf = ({ view }: KnownPush, named: readonly string[]): string[] => {
  const found = view.recipients
    .map(({ recipient }) => recipient)
    .filter((recipient) => named.some((name) => fitsRecipient(recipient, name)));
  if (found.length > 0) return found;
  throw new CliError('The push was not made to the runtime that --target names.', {
    next: `See to whom it was: cd-cli track ${shortGuid(view.pushGuid)}`,
  });
};

interface Retried {
  readonly push: RetriedPush;
  readonly known: readonly KnownPush[];
  readonly names: RecipientNames;
  readonly settings: Settings;
  /** Whether it was refused at some. */
  readonly isPartial: boolean;
}

const follow = async (
  context: CliContext,
  { wait, timeout: timeoutMs, json }: RetryFlags,
  { push, known, names, settings, isPartial }: Retried,
) => {
  const code = await followPush(context, push, {
    wait,
    timeoutMs,
    json,
    what: `${describeKnown(known)} again`,
    towards: undefined,
    names,
    settings,
    lines: known.map(({ line }) => line),
  });
  return code === exitCodes.ok && isPartial ? exitCodes.partial : code;
};

const describeKnown = (known: readonly KnownPush[]): string => {
  const [first] = known;
  return first === undefined ? '' : describePush(first.view);
};

const anew = 'Push it anew: cd-cli push <path>';

/** What can be done where no other attempt is opened. */
const nextSteps: Partial<Record<ProblemKind, string>> = {
  'stale-version': anew,
  expired: anew,
  'session-revoked': anew,
  'no-recipients': 'See which runtimes there are: cd-cli targets --all',
  forbidden: 'Ask an admin for a grant that covers the resource and the environment.',
};

const tellRefused = (
  context: CliContext,
  { json }: RetryFlags,
  pushGuid: string,
  { relay, recipient, problem }: RefusedRetry,
  names: RecipientNames,
): void => {
  const next = nextSteps[problem.kind];
  if (json)
    printJson(context, {
      type: 'refused',
      pushGuid,
      relay,
      recipient,
      problem,
      ...nextJson(next),
    });
  const talk = new Talk(context);
  const { sentence } = explainProblem(problem);
  talk.say(
    `${talk.paint('red', `${talk.pen.marks.failed} refused`)}    ${names.nameOf(recipient)}   ${sentence}`,
  );
  if (next !== undefined) talk.next(next);
};

/** No attempt was opened: every one was refused, or there is none to be opened. */
const tellNothing = (
  context: CliContext,
  { json, failed }: RetryFlags,
  known: readonly KnownPush[],
  refused: readonly RefusedRetry[],
) => {
  // Where it went on or took effect there is nothing to try, which is no fault.
  const fault = refused.find(({ problem }) => problem.kind !== 'conflict');
  if (fault !== undefined) return exitCodeOf(fault.problem);
  const stands = known.map(({ view }) => standing(view)).join('; ');
  if (json)
    for (const { line, view } of known)
      printJson(context, {
        type: 'result',
        pushGuid: view.pushGuid,
        relay: line.name,
        outcome: 'nothing-to-retry',
        exitCode: exitCodes.ok,
      });
  new Talk(context).tell(
    `There is nothing to try again: ${failed ? 'at no recipient it failed' : 'at no recipient it failed or expired'}. ${stands}`,
  );
  return exitCodes.ok;
};

const standing = ({ pushGuid, recipients }: PushView): string => {
  const counts = Map.groupBy(recipients, ({ stage }) => stage);
  const shown = [...counts].map(([stage, of]) => `${of.length} ${stage}`).join(', ');
  return `${shortGuid(pushGuid)}: ${shown}.`;
};
