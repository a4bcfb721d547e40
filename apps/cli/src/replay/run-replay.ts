import { readPushed, type AnyRequest } from '@cd-push/client';
import { limits } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError } from '../cli-error.ts';
import type { ReplayFlags } from '../commands/flags.ts';
import { askLine } from '../credentials/ask-password.ts';
import { exitCodes } from '../exit-codes.ts';
import { shownTime } from '../history/shown-time.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { describePush } from '../sync/describe-push.ts';
import { followPush } from '../sync/follow-push.ts';
import { knownPushes } from '../sync/known-pushes.ts';
import { openLines } from '../sync/open-lines.ts';
import { RecipientNames } from '../sync/recipient-names.ts';
import { checkPush, resolvePush } from '../sync/resolve-push.ts';
import { resolveTargets } from '../sync/resolve-targets.ts';
import { shortGuid } from '../sync/short-ids.ts';
import { SyncPush } from '../sync/sync-push.ts';
import { describeTargets } from '../sync/target-of.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { newerVersions, type NewerVersion } from './newer-versions.ts';

/** `replay <guid>`: what was pushed then is pushed anew, as the next version of each of its files. */
export const runReplay = async (context: CliContext, flags: ReplayFlags, text: string): Promise<void> => {
  checkPush(text);
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  await using lines = await openLines(context, settings, { isSender: true, json: flags.json });
  const talk = new Talk(context);
  const of = await resolvePush(context, lines.all, text);
  const [known] = await knownPushes(lines.all, of);
  if (known === undefined) throw new TypeError('A push that is known is known to a relay.');
  const { line, view } = known;
  const { connection, session } = line;
  const request = await readPushed({ connection, session, signal: context.signal }, of);
  if (request.kind === 'patch') await allow(context, flags, await newerVersions(line, view, request.patches));

  const named = flags.to?.map((guid) => ({ guid }));
  const targets = named === undefined ? request.targets : await resolveTargets(talk, lines.all, named);
  const names = new RecipientNames(lines.all);
  const silent = flags.silent ?? request.silent ?? false;
  const anew: AnyRequest = { ...request, targets, silent, initTime: Date.now() };
  const push = SyncPush.over(lines.all, (publisher, pushGuid) => publisher.send({ ...anew, pushGuid }));
  if (flags.json) {
    const { environment, patches } = view;
    printJson(context, { type: 'replay', pushGuid: push.pushGuid, of, environment, patches });
  }
  await names.load();
  context.process.exitCode = await followPush(context, push, {
    wait: flags.wait,
    timeoutMs: flags.timeout,
    json: flags.json,
    what: `${describePush(view)} as in ${shortGuid(of)}`,
    towards: describeTargets(targets, settings),
    names,
    settings,
    lines: lines.all,
  });
};

/**
 * Goes on where nothing newer is in place, or where it was said that it is to be overwritten.
 *
 * @throws CliError where it was not.
 */
const allow = async (
  context: CliContext,
  { yes, json }: ReplayFlags,
  newer: readonly NewerVersion[],
): Promise<void> => {
  if (newer.length === 0 || yes) return;
  const talk = new Talk(context);
  if (json) printJson(context, { type: 'newer', resources: newer });
  const count = newer.length === 1 ? 'One file was' : `${newer.length} files were`;
  talk.say(`${count} pushed anew since:`);
  for (const one of newer.slice(0, shownAtMost)) talk.say(`  ${describe(one)}`);
  if (newer.length > shownAtMost) talk.say(`  and ${newer.length - shownAtMost} more`);
  const isAsked = context.process.stdin.isTTY === true && !json;
  const answer = isAsked ? await askLine(context, 'Put the old contents in their place? [y/N] ') : '';
  if (/^y(?:es)?$/iu.test(answer)) return;
  throw new CliError('Nothing was pushed.', {
    exitCode: exitCodes.conflict,
    ...(isAsked ? {} : { next: 'To put the old contents in place of the newer ones: --yes' }),
  });
};

const shownAtMost = 10;

const describe = ({ resource, version, isDeleted }: NewerVersion): string =>
  `${resource}   ${isDeleted ? 'deleted ' : ''}${shownVersion(version)}`;

/** Nearly always the time of its push. */
const shownVersion = (version: number): string => {
  const now = Date.now();
  return version <= now + limits.clockSkewMs ? shownTime(version, now) : `version ${version}`;
};
