import type { Delivery, OperateRequest, Publisher, Push } from '@cd-push/client';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { OperationFlags, SayFlags } from '../commands/flags.ts';
import { tellProposed } from '../proposals/propose.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { Talk } from '../talk/talk.ts';
import { onlyLine, requireOneRelay } from '../versions/only-line.ts';
import { followPush } from './follow-push.ts';
import { openLines } from './open-lines.ts';
import { RecipientNames } from './recipient-names.ts';
import { resolveTargets } from './resolve-targets.ts';
import { SyncPush } from './sync-push.ts';
import { describeTargets, targetsOf } from './target-of.ts';

/** `notify <message>`: tells the people in front of the runtimes something. */
export const runNotify = async (context: CliContext, flags: SayFlags, ...words: string[]): Promise<void> => {
  const message = words.join(' ');
  if (message === '') throw usageError('There is no message.', 'cd-cli notify "Back in five minutes"');
  await say(context, flags, 'the notice', (publisher, delivery) =>
    publisher.notify({ ...delivery, message }),
  );
};

/** `run <operation> [arguments]`: runs what the app registered under this name. */
export const runOperation = async (
  context: CliContext,
  flags: OperationFlags,
  operation: string,
  json?: string,
): Promise<void> => {
  const args = parseArguments(json);
  const what = `operation ${operation}`;
  if (flags.propose) return proposeOperation(context, flags, what, { operation, args });
  await say(
    context,
    flags,
    what,
    (publisher, delivery) => publisher.operate({ ...delivery, operation, args }),
    true,
  );
};

const proposeOperation = async (
  context: CliContext,
  flags: OperationFlags,
  what: string,
  asked: Pick<OperateRequest, 'operation' | 'args'>,
): Promise<void> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  requireOneRelay(settings);
  await using lines = await openLines(context, settings);
  const line = onlyLine(lines);
  const { environment, syncSilent: silent } = settings;
  const targets = await resolveTargets(new Talk(context), lines.all, targetsOf(settings, flags));
  const request = { ...asked, environment, targets, silent };
  const proposed = await line.publisher.propose({ kind: 'operation', ...request });
  tellProposed(context, line, proposed, { what, json: flags.json });
};

const say = async (
  context: CliContext,
  flags: SayFlags,
  what: string,
  send: (publisher: Publisher, delivery: Delivery) => Push,
  isProposable = false,
): Promise<void> => {
  const initTime = Date.now();
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  const named = targetsOf(settings, flags);
  await using lines = await openLines(context, settings, { isSender: true, json: flags.json });
  const targets = await resolveTargets(new Talk(context), lines.all, named);
  const names = new RecipientNames(lines.all);
  const { environment, syncSilent: silent } = settings;
  const push = SyncPush.over(lines.all, (publisher, pushGuid) =>
    send(publisher, { environment, targets, silent, initTime, pushGuid }),
  );
  await names.load();
  context.process.exitCode = await followPush(context, push, {
    wait: flags.wait,
    timeoutMs: flags.timeout,
    json: flags.json,
    what,
    towards: describeTargets(targets, settings),
    names,
    settings,
    lines: lines.all,
    isProposable,
  });
};

const parseArguments = (json: string | undefined): unknown => {
  if (json === undefined) return null;
  try {
    return JSON.parse(json);
  } catch {
    throw usageError(
      'The arguments of an operation are one JSON value.',
      `cd-cli run set-theme '{"dark":true}'`,
    );
  }
};
