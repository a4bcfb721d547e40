import { ProblemError, type PushView, type RecipientTrackView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { TrackFlags } from '../commands/flags.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { printJson } from '../talk/print-json.ts';
import { Pen } from '../talk/pen.ts';
import { openLines, type Line } from './open-lines.ts';
import { failureText, pushRow, type Way } from './push-row.ts';
import { recentPushes } from './recent-pushes.ts';
import { RecipientNames } from './recipient-names.ts';
import { isGuid, shortGuid } from './short-ids.ts';

/** `track <guid>`: where a push stands at each recipient, whoever sent it. */
export const runTrack = async (context: CliContext, flags: TrackFlags, text: string): Promise<void> => {
  const pushGuid = guidOf(context, text);
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  await using lines = await openLines(context, settings);
  const views = await viewsOf(lines.all, pushGuid);
  if (flags.json) for (const { line, view } of views) printJson(context, { relay: line.name, ...view });
  else {
    const names = new RecipientNames(lines.all);
    await names.load();
    for (const { line, view } of views) show(context, settings, names, line, view);
  }
  context.process.exitCode = codeOf(views.map(({ view }) => view));
};

/** A guid, or the one recent push of this machine's that begins so. */
const guidOf = ({ process: { env } }: CliContext, text: string): string => {
  if (isGuid(text)) return text;
  const found = /^[0-9a-f][0-9a-f-]{3,}$/u.test(text) ? recentPushes(env, text) : [];
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1)
    throw usageError(`"${text}" begins ${found.length} recent pushes.`, `Which one? ${found.join(', ')}`);
  throw usageError(
    `"${text}" is no push that was made on this machine lately.`,
    'Write four characters or more of the guid that "push" and "watch" show; for another machine’s push all of it, as --json prints it.',
  );
};

/** How it stands at every relay that knows it; where none does, the refusal is the answer. */
const viewsOf = async (
  lines: readonly Line[],
  pushGuid: string,
): Promise<{ line: Line; view: PushView }[]> => {
  const answers = await Promise.allSettled(
    lines.map(async (line) => ({
      line,
      view: (await line.connection.request('get-track', { pushGuid })).push,
    })),
  );
  const found = answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value);
  const refused = answers
    .filter((answer) => answer.status === 'rejected')
    .map(({ reason }): unknown => reason);
  if (found.length > 0) return found;
  const other = refused.find(
    (reason) => !(reason instanceof ProblemError) || reason.problem.kind !== 'not-found',
  );
  if (other instanceof Error) throw other;
  throw new CliError(`No relay here knows this push: ${pushGuid}`, {
    next: 'A relay remembers its pushes until it is restarted, and tells them to their sender, to admins and to observers. Made through another relay? Say which: --mode or --data',
  });
};

const show = (
  { screen, process: { stdout, env } }: CliContext,
  { module }: Settings,
  names: RecipientNames,
  { session }: Line,
  { pushGuid, trigger, sender, patches, commTrack: { initTime }, outcome, recipients }: PushView,
): void => {
  const pen = new Pen(stdout, env);
  const { user } = session.stored;
  const by = sender === user.subject ? user.name : sender;
  const started = initTime === null ? '' : `, ${new Date(initTime).toISOString()}`;
  const rows = recipients.map((one) => {
    const way = { ...one, times: timesOf(one), problem: one.problem };
    const row = pushRow(pen, way, names, { initTime: initTime ?? 0 });
    return one.problem === undefined ? row : `${row}\n${failureText(pen, one.problem, module, one.kind)}`;
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
