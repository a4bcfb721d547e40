import type { CliContext } from '../cli-context.ts';
import { CliError } from '../cli-error.ts';
import type { UpFlags } from '../commands/flags.ts';
import { ignoredFiles } from '../project/ignored-files.ts';
import { entryOf } from '../page/entry-of.ts';
import { openProject } from '../project/open-project.ts';
import { namedFolder } from '../settings/find-project.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { openLines } from '../sync/open-lines.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { ignoreTooling } from '../transform/project-scan.ts';
import { pushSaves } from '../watch/push-saves.ts';
import { startStack, type Reach } from './start-stack.ts';
import { runningStack } from './state-file.ts';
import { tellReady } from './tell-ready.ts';

/** `up`: api, relay and the project's page in one process, until it is stopped. */
export const runUp = async (context: CliContext, flags: UpFlags, folder?: string): Promise<void> => {
  const startedAt = performance.now();
  const given = { ...settingFlagsOf(flags), syncMode: 'local' } as const;
  const { settings } = await loadSettings(context, given, namedFolder(context.cwd, folder));
  const talk = new Talk(context);
  const running = runningStack(settings.dataFolder);
  if (running !== undefined) {
    throw new CliError(`A stack of this project runs already, as process ${running.pid}.`, {
      next: `Open ${running.pageUrl}`,
    });
  }
  const reach: Reach = flags.host ? await networkReachOf(context, settings, flags) : { kind: 'loopback' };
  const entry = entryOf(settings, flags.entry);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  const stack = await startStack({
    settings,
    reach,
    port: flags.port,
    entry,
    tell: (message) => talk.error(message),
    onError: failure.reject,
  });
  try {
    const { state } = stack;
    const readyMs = Math.round(performance.now() - startedAt);
    const joinCode = await stack.joinCode();
    if (flags.json) printJson(context, { type: 'ready', readyMs, joinCode, ...state });
    tellReady(talk, { settings, reach, stack, entry, readyMs, watches: flags.watch });
    const end = flags.watch ? watchHere(context, settings, flags) : stopped(context.signal);
    await Promise.race([end, failure.promise]);
  } finally {
    await stack.close();
  }
};

/** Loaded for `--host` alone: making certificates takes a library. */
const networkReachOf = async (
  context: CliContext,
  settings: Settings,
  { admin }: UpFlags,
): Promise<Reach> => {
  const { networkReach } = await import('./network-reach.ts');
  return networkReach(context, settings, admin);
};

const watchHere = async (context: CliContext, settings: Settings, flags: UpFlags): Promise<void> => {
  const base = openProject(settings);
  await using lines = await openLines(context, settings, { isSender: true, json: flags.json });
  const ignored = ignoredFiles(settings.root, settings);
  const talk = new Talk(context);
  await pushSaves(context, {
    settings,
    base,
    lines: lines.all,
    flags,
    ignore: (path) => ignoreTooling(path) || ignored(path),
    onReady: () => {
      if (flags.json)
        printJson(context, {
          type: 'watching',
          root: settings.root,
          module: settings.module,
          files: base.entries().length,
        });
      talk.say(`Watching ${settings.root}: what is saved is pushed.`);
    },
  });
};

const stopped = async (signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
};
