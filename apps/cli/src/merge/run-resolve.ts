import { readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { ResolveFlags } from '../commands/flags.ts';
import { exitCodes } from '../exit-codes.ts';
import { folderIdentity } from '../project/folder-identity.ts';
import { ignoredFiles } from '../project/ignored-files.ts';
import { openProject } from '../project/open-project.ts';
import { putOf } from '../project/patches.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { followPush } from '../sync/follow-push.ts';
import type { Line, LineName } from '../sync/line.ts';
import { openLines } from '../sync/open-lines.ts';
import { RecipientNames } from '../sync/recipient-names.ts';
import { resolveTargets } from '../sync/resolve-targets.ts';
import { SyncPush } from '../sync/sync-push.ts';
import { describeTargets, targetsOf } from '../sync/target-of.ts';
import { folderSpace } from '../timelines/folder-space.ts';
import { Talk } from '../talk/talk.ts';
import type { Base } from '../transform/base.ts';
import { contentDigest } from '../transform/content-digest.ts';
import { ignoreTooling } from '../transform/project-scan.ts';
import { conflictTexts, type ConflictTexts } from './conflict-texts.ts';
import { LineHistory, developerFolder } from './line-history.ts';
import { LineFiles } from './line-files.ts';
import { LineMerges, type DueSave } from './line-merges.ts';
import { MergeTeller } from './merge-teller.ts';
import { settledBytes } from './settled-bytes.ts';
import { listConflicts, showConflict, type ShownConflict } from './show-conflict.ts';
import { openWorkingCopy, type OpenConflict, type WorkingCopy } from './working-copy.ts';

/** In which somebody else was faster each time. */
const triesAtMost = 20;

/** `resolve`: shows what could not be merged, and settles it. */
export const runResolve = async (context: CliContext, flags: ResolveFlags, file?: string): Promise<void> => {
  if (flags.take !== undefined && flags.done)
    throw usageError(
      '--take and --done do not go together.',
      'Either whose lines, or the file as it is now.',
    );
  const { settings } = await loadSettings(context, settingFlagsOf(flags), undefined);
  const settles = flags.take !== undefined || flags.done;
  if (settles && file === undefined) throw usageError('Which file?', 'See which ones wait: cd-cli resolve');
  const resource = file === undefined ? undefined : resourceOf(settings, context.cwd, file);
  await using open = await openCopies(context, settings);
  const found = (await open.conflicts()).filter(
    ({ conflict }) => resource === undefined || conflict.resource === resource,
  );
  const [first] = found;
  if (resource === undefined) {
    listConflicts(context, settings, found, flags.json);
    return;
  }
  if (first === undefined) {
    if (!settles) listConflicts(context, settings, [], flags.json);
    throw new CliError(`Nothing is in conflict in ${file}.`, {
      exitCode: exitCodes.usage,
      next: 'See which files wait: cd-cli resolve',
    });
  }
  if (!settles) {
    for (const one of found) showConflict(context, settings, one, flags.json);
    return;
  }
  for (const one of found) await settle(context, settings, flags, one);
};

/** A conflict, and behind which relay it is. */
interface FoundConflict extends ShownConflict {
  readonly folder: string;
}

interface OpenCopies extends AsyncDisposable {
  conflicts(): Promise<readonly FoundConflict[]>;
}

/** What is kept here of conflicts; no relay is asked. */
const openCopies = async (context: CliContext, settings: Settings): Promise<OpenCopies> => {
  const names: readonly LineName[] =
    settings.syncMode === 'hybrid' ? ['local', 'remote'] : [settings.syncMode];
  const copies: { readonly name: LineName; readonly folder: string; readonly copy: WorkingCopy }[] = [];
  for (const name of names) {
    const apiUrl = settings.relays[name]?.apiUrl ?? '';
    if (name === 'remote' && apiUrl === '') continue;
    const folder = developerFolder(context.process.env, settings, { name, apiUrl });
    copies.push({ name, folder, copy: await openWorkingCopy(folder, settings) });
  }
  return {
    conflicts: async () => {
      const found: FoundConflict[] = [];
      for (const { name, folder, copy } of copies) {
        const space = folderSpace(folder);
        for (const conflict of copy.conflicts())
          found.push({ relay: name, folder, conflict, texts: await conflictTexts(space, conflict) });
      }
      return found;
    },
    [Symbol.asyncDispose]: async () => {
      for (const { copy } of copies) copy[Symbol.dispose]();
    },
  };
};

const settle = async (
  context: CliContext,
  settings: Settings,
  flags: ResolveFlags,
  { relay, folder, conflict, texts }: FoundConflict,
): Promise<void> => {
  const path = conflict.resource.slice(settings.module.length + 2);
  const here = onDisk(settings, path);
  const bytes = decided(flags, path, here, texts);
  const talk = new Talk(context);
  const base = openProject(settings);
  await using lines = await openLines(context, settings, { isSender: true, json: flags.json });
  const line = lines.all.find(({ name }) => name === relay);
  if (line === undefined) throw new TypeError(`There is no ${relay} relay.`);
  const copy = await openWorkingCopy(folder, settings);
  const history = new LineHistory(line, folder);
  const ignored = ignoredFiles(settings.root, settings);
  const files = new LineFiles({
    line,
    settings,
    folder: folderIdentity(settings.root),
    base,
    ignore: (below) => ignoreTooling(below) || ignored(below),
    history,
    copy,
    teller: new MergeTeller(context, {
      talk,
      json: flags.json,
      module: settings.module,
      lines: [line],
      settles: true,
    }),
    // Whoever settles a file wants it to say so.
    acceptsEdits: true,
    signal: context.signal,
  });
  const merges = new LineMerges(files);
  try {
    await push(context, settings, flags, { line, merges, copy, base, conflict, bytes });
  } finally {
    history.close();
    copy[Symbol.dispose]();
  }
};

interface Settling {
  readonly line: Line;
  readonly merges: LineMerges;
  readonly copy: WorkingCopy;
  readonly base: Base;
  readonly conflict: OpenConflict;
  readonly bytes: Uint8Array | null;
}

const push = async (
  context: CliContext,
  settings: Settings,
  flags: ResolveFlags,
  { line, merges, copy, base, conflict, bytes }: Settling,
): Promise<void> => {
  const { environment, syncTrigger: trigger, syncSilent: silent } = settings;
  const talk = new Talk(context);
  const targets = await resolveTargets(talk, [line], targetsOf(settings, {}));
  const names = new RecipientNames([line]);
  const initTime = Date.now();
  for (let tries = 0; tries < triesAtMost; tries += 1) {
    const settled = await merges.settled(conflict, bytes, flags.done);
    if (settled === undefined) {
      context.process.exitCode = exitCodes.conflict;
      return;
    }
    const due: readonly DueSave[] = [settled, ...(await togetherWith(conflict, merges, copy, base))];
    const sent = SyncPush.over([line], (publisher, pushGuid) =>
      publisher.push({
        environment,
        targets,
        trigger,
        silent,
        patches: due.map(({ patch }) => patch),
        initTime,
        pushGuid,
      }),
    );
    merges.sent(due);
    const { accepted, refused } = await sent.answers;
    if (accepted.length > 0) await merges.accepted(due);
    else if (refused.some(({ problem }) => problem.kind === 'conflict')) continue;
    await names.load();
    context.process.exitCode = await followPush(context, sent, {
      wait: flags.wait,
      timeoutMs: flags.timeout,
      json: flags.json,
      what: due.length === 1 ? conflict.resource : `${due.length} files`,
      towards: describeTargets(targets, settings),
      names,
      settings,
      lines: [line],
    });
    return;
  }
  throw new CliError('Others were faster each time; nothing was pushed.', {
    exitCode: exitCodes.conflict,
    next: 'Try again.',
  });
};

/** What was saved with the file and waited for it, as it is now; nothing as long as another of it is in conflict. */
const togetherWith = async (
  { resource, together }: OpenConflict,
  merges: LineMerges,
  copy: WorkingCopy,
  base: Base,
): Promise<readonly DueSave[]> => {
  if (together.some((other) => other !== resource && copy.conflict(other) !== undefined)) return [];
  const patches = together.flatMap((other) => {
    const entry = base.entry(other);
    return entry === undefined ? [] : (putOf(base, entry) ?? []);
  });
  return patches.length === 0 ? [] : ((await merges.prepare(patches)) ?? []);
};

const decided = (
  { take }: ResolveFlags,
  path: string,
  here: Uint8Array | null,
  texts: ConflictTexts,
): Uint8Array | null => {
  if (take === undefined) {
    refuseMarkers(path, here);
    return here;
  }
  const isOurs =
    here === null || texts.ours === null
      ? here === texts.ours
      : contentDigest(here) === contentDigest(texts.ours);
  if (!isOurs)
    throw new CliError(`${path} was changed since.`, {
      exitCode: exitCodes.conflict,
      next: `Edit it until it says what it shall, then: cd-cli resolve ${path} --done`,
    });
  return settledBytes(take, path, texts);
};

const refuseMarkers = (path: string, bytes: Uint8Array | null): void => {
  if (bytes === null) return;
  const lines = new TextDecoder().decode(bytes).split('\n');
  const index = lines.findIndex((line) => /^(?:<{7}|>{7}|\|{7})(?:\s|$)/u.test(line));
  if (index >= 0)
    throw new CliError(`${path}:${index + 1} still has a conflict marker.`, {
      exitCode: exitCodes.conflict,
      next: `Take it out, then: cd-cli resolve ${path} --done`,
    });
};

const onDisk = ({ root }: Settings, path: string): Uint8Array | null => {
  try {
    return readFileSync(join(root, path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
};

/** The resource of a path on the command line, or of a resource's name. */
const resourceOf = ({ root, module }: Settings, cwd: string, file: string): string => {
  const below = relative(root, resolve(cwd, file)).split(sep).join('/');
  return below.startsWith('../') ? file : `/${module}/${below}`;
};
