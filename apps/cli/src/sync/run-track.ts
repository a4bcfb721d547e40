import type { PushView, RecipientTrackView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import type { TrackFlags } from '../commands/flags.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { commandOf, failureReason } from './correction-text.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { printJson } from '../talk/print-json.ts';
import { Pen } from '../talk/pen.ts';
import { knownPushes } from './known-pushes.ts';
import type { Line } from './line.ts';
import { openLines } from './open-lines.ts';
import { namedPush } from './push-json.ts';
import { pushRow, type Way } from './push-row.ts';
import { RecipientNames } from './recipient-names.ts';
import { checkPush, resolvePush } from './resolve-push.ts';
import { shortGuid, shortRecipient } from './short-ids.ts';

/** `track <guid>`: where a push stands at each recipient, whoever sent it. */
export const runTrack = async (context: CliContext, flags: TrackFlags, text: string): Promise<void> => {
  checkPush(text);
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  await using lines = await openLines(context, settings);
  const pushGuid = await resolvePush(context, lines.all, text);
  const views = await knownPushes(lines.all, pushGuid);
  const names = new RecipientNames(lines.all);
  await names.load();
  for (const { line, view } of views)
    if (flags.json) printJson(context, { type: 'push', relay: line.name, ...namedPush(view, names) });
    else show(context, names, line, view);
  context.process.exitCode = codeOf(views.map(({ view }) => view));
};

const show = (
  { screen, process: { stdout, env } }: CliContext,
  names: RecipientNames,
  { session }: Line,
  { pushGuid, trigger, sender, patches, commTrack: { initTime }, outcome, recipients }: PushView,
): void => {
  const pen = new Pen(stdout, env);
  const { user } = session.account;
  const by = sender === user.subject ? user.name : sender;
  const started = initTime === null ? '' : `, ${new Date(initTime).toISOString()}`;
  const rows = recipients.flatMap((one) => {
    const way = { ...one, times: timesOf(one), problem: one.problem, isHeld: one.held ?? false };
    const ids = { guid: shortGuid(pushGuid), recipient: shortRecipient(one.recipient) };
    const command = one.correction && commandOf(one.correction, { patches }, ids);
    return [
      pushRow(pen, way, names, { initTime: initTime ?? 0 }),
      ...failureReason(pen, { patches }, one, one.kind),
      ...(command === undefined ? [] : [`    ${command}`]),
    ];
  });
  const files = patches.map(({ resource, change, version }) =>
    change === 'put' ? `${resource}   version ${version}` : `${resource}   ${change}, version ${version}`,
  );
  const head = `${outcome}   ${shortGuid(pushGuid)}   ${trigger} by ${by}${started}`;
  screen.print(`${[head, ...files, ...rows].join('\n')}\n`);
};

const timesOf = ({ commTrack }: RecipientTrackView): Way['times'] => {
  const { relayTime, pushTime, deliveryTime, completedTime } = commTrack;
  return {
    ...(relayTime === null ? {} : { relayed: relayTime }),
    ...(pushTime === null ? {} : { pushed: pushTime }),
    ...(deliveryTime === null ? {} : { delivered: deliveryTime }),
    ...(completedTime === null ? {} : { completed: completedTime }),
  };
};

const codeOf = (views: readonly PushView[]): ExitCode =>
  views.every(({ outcome }) => outcome === 'completed' || outcome === 'open')
    ? exitCodes.ok
    : exitCodes.partial;
