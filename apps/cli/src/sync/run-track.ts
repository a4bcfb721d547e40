import type { PushView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { TrackFlags } from '../commands/flags.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { printJson } from '../talk/print-json.ts';
import { printTable } from '../talk/print-table.ts';
import { Talk } from '../talk/talk.ts';
import { openLines, type Line, type LineName } from './open-lines.ts';

/** `track <guid>`: where a push stands at each recipient, whoever sent it. */
export const runTrack = async (context: CliContext, flags: TrackFlags, pushGuid: string): Promise<void> => {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(pushGuid)) {
    throw usageError(
      `"${pushGuid}" is no push guid.`,
      'A push tells its guid with --json, and when its waiting ends.',
    );
  }
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  await using lines = await openLines(context, settings);
  const views = await viewsOf(lines.all, pushGuid);
  if (flags.json) for (const { line, view } of views) printJson(context, { relay: line, ...view });
  else for (const { view } of views) show(context, view);
  context.process.exitCode = codeOf(views.map(({ view }) => view));
};

/** How it stands at every relay that knows it; where none does, the refusal is the answer. */
const viewsOf = async (
  lines: readonly Line[],
  pushGuid: string,
): Promise<{ line: LineName; view: PushView }[]> => {
  const answers = await Promise.allSettled(
    lines.map(async ({ name, connection }) => ({
      line: name,
      view: (await connection.request('get-track', { pushGuid })).push,
    })),
  );
  const found = answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value);
  const [refused] = answers
    .filter((answer) => answer.status === 'rejected')
    .map(({ reason }): unknown => reason);
  if (found.length === 0 && refused instanceof Error) throw refused;
  return found;
};

const show = (
  context: CliContext,
  { trigger, sender, patches, commTrack: { initTime }, outcome, recipients }: PushView,
): void => {
  const talk = new Talk(context);
  const files = patches.map(({ resource, change, version }) => `${resource} (${change}, version ${version})`);
  talk.say(`${outcome}: ${trigger} by ${sender}${files.length > 0 ? `\n  ${files.join('\n  ')}` : ''}`);
  const since = (time: number | null): string =>
    time === null || initTime === null ? '-' : `${time - initTime} ms`;
  printTable(
    context,
    ['recipient', 'stage', 'relayed', 'pushed', 'delivered', 'completed', 'problem'],
    recipients.map(({ recipient, stage, commTrack, problem }) => [
      recipient,
      stage,
      since(commTrack.relayTime),
      since(commTrack.pushTime),
      since(commTrack.deliveryTime),
      since(commTrack.completedTime),
      problem === undefined ? '' : `${problem.kind}: ${problem.detail ?? problem.title}`,
    ]),
  );
};

const codeOf = (views: readonly PushView[]): ExitCode =>
  views.every(({ outcome }) => outcome === 'completed' || outcome === 'open')
    ? exitCodes.ok
    : exitCodes.partial;
