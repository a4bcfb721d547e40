import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { HistoryFlags } from '../commands/flags.ts';
import { nearestFolder } from '../settings/find-project.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { openLines } from '../sync/open-lines.ts';
import { resourceNamed } from '../versions/resource-named.ts';
import { tellPushes } from './push-history.ts';
import { tellVersions } from './version-history.ts';

/** `history [file]`: the latest pushes of the journal; of a file its versions, of a folder the pushes of what is in it. */
export const runHistory = async (context: CliContext, flags: HistoryFlags, text?: string): Promise<void> => {
  const from = text === undefined ? undefined : nearestFolder(context.cwd, text);
  const { settings } = await loadSettings(context, settingFlagsOf(flags), from);
  if (text === undefined) {
    await using lines = await openLines(context, settings);
    await tellPushes(context, flags, settings, lines);
    return;
  }
  if (flags.resource !== undefined)
    throw usageError(
      'A file is named once.',
      `cd-cli history ${text}, or: cd-cli history --resource ${text}`,
    );
  const resource = resourceNamed(settings, context.cwd, text);
  await using lines = await openLines(context, settings);
  const isFile =
    flags.outcome === undefined &&
    flags.target === undefined &&
    flags.sender === undefined &&
    (await tellVersions(context, flags, { settings, lines, resource }));
  if (!isFile) await tellPushes(context, { ...flags, resource }, settings, lines);
};
