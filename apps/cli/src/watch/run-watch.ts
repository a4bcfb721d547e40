import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { WatchFlags } from '../commands/flags.ts';
import { ignoredFiles } from '../project/ignored-files.ts';
import { openProject } from '../project/open-project.ts';
import { namedFolder } from '../settings/find-project.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { openLines } from '../sync/open-lines.ts';
import { fold } from '../talk/fold.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { ignoreTooling } from '../transform/project-scan.ts';
import { pushSaves } from './push-saves.ts';

/** `watch`: pushes what is saved, until it is stopped. */
export const runWatch = async (context: CliContext, flags: WatchFlags, folder?: string): Promise<void> => {
  const from = namedFolder(context.cwd, folder);
  const { settings } = await loadSettings(context, settingFlagsOf(flags), from);
  if (!settings.syncAtSave) {
    throw usageError(
      'syncAtSave is off in the settings of this project.',
      'Switch it on, or push by hand: cd-cli push runtime',
    );
  }
  const talk = new Talk(context);
  const base = openProject(settings);
  await using lines = await openLines(context, settings, { isSender: true, json: flags.json });
  const ignored = ignoredFiles(settings.root, settings);
  await pushSaves(context, {
    settings,
    base,
    lines: lines.all,
    flags,
    ignore: (path) => ignoreTooling(path) || ignored(path),
    onReady: () => {
      const files = base.entries().length;
      if (flags.json) printJson(context, { type: 'watching', root: settings.root, files });
      talk.say(`Watching ${settings.root}   ${files} files of ${settings.module}`);
      talk.say(
        talk.paint(
          'dim',
          fold(
            'What is saved is pushed. More of a push: cd-cli track <its short guid>. Ctrl-C stops.',
            talk.pen.columns,
          ).join('\n'),
        ),
      );
    },
  });
};
