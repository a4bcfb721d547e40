import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import type { PatchInput } from '@cd-push/client';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { PushFlags } from '../commands/flags.ts';
import { openProject } from '../project/open-project.ts';
import { putOf } from '../project/patches.ts';
import { selectEntries } from '../project/select-entries.ts';
import { tellProposed } from '../proposals/propose.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { Talk } from '../talk/talk.ts';
import { onlyLine, requireOneRelay } from '../versions/only-line.ts';
import { followPush } from './follow-push.ts';
import { openLines } from './open-lines.ts';
import { readStdinPatch } from './read-stdin-patch.ts';
import { RecipientNames } from './recipient-names.ts';
import { resolveTargets } from './resolve-targets.ts';
import { SyncPush } from './sync-push.ts';
import { describeTargets, targetsOf } from './target-of.ts';

/** `push runtime [paths]`: files as they are on the disk now, or text that an agent, an editor or a hook hands in. */
export const runPush = async (context: CliContext, flags: PushFlags, ...paths: string[]): Promise<void> => {
  const initTime = Date.now();
  if (flags.stdin !== (flags.resource !== undefined)) {
    throw usageError(
      '--stdin and --resource go together.',
      'cat file | cd-cli push runtime --stdin --resource /module/path',
    );
  }
  if (flags.stdin && paths.length > 0)
    throw usageError('--stdin takes no paths.', 'Push the files in a second command.');
  // A path may lie in another project than the one that the shell stands in.
  const [first] = paths.map((path) => resolve(context.cwd, path)).filter((path) => existsSync(path));
  const { settings } = await loadSettings(
    context,
    { syncTrigger: flags.stdin ? 'ai-agent' : 'cli', ...settingFlagsOf(flags) },
    first,
  );
  if (flags.propose) requireOneRelay(settings);
  const patches =
    flags.resource === undefined
      ? filePatches(context, settings, paths)
      : [await readStdinPatch(context, settings, flags.resource)];
  await send(context, settings, flags, patches, initTime);
};

const filePatches = (context: CliContext, settings: Settings, paths: readonly string[]): PatchInput[] => {
  const base = openProject(settings);
  const patches = selectEntries(base, settings, context.cwd, paths)
    .map((entry) => putOf(base, entry))
    .filter((patch) => patch !== undefined);
  if (patches.length === 0) throw usageError(`There is nothing to push in ${settings.root}.`);
  return patches;
};

const send = async (
  context: CliContext,
  settings: Settings,
  flags: PushFlags,
  patches: readonly PatchInput[],
  initTime: number,
): Promise<void> => {
  const { environment, syncTrigger: trigger, syncSilent: silent } = settings;
  const named = targetsOf(settings, flags);
  await using lines = await openLines(context, settings, { isSender: true, json: flags.json });
  const targets = await resolveTargets(new Talk(context), lines.all, named);
  const what = patches.length === 1 ? (patches[0]?.resource ?? '') : `${patches.length} files`;
  if (flags.propose) {
    const line = onlyLine(lines);
    const request = { environment, targets, trigger, silent, patches, initTime };
    const proposed = await line.publisher.propose({ kind: 'patch', ...request });
    return tellProposed(context, line, proposed, { what, json: flags.json });
  }
  const names = new RecipientNames(lines.all);
  const push = SyncPush.over(lines.all, (publisher, pushGuid) =>
    publisher.push({ environment, targets, trigger, silent, patches, initTime, pushGuid }),
  );
  // Asked for while the push is on its way.
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
    isProposable: true,
  });
};
