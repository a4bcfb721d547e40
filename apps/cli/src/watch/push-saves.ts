import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

import type { ConnectionStatus, PatchInput } from '@cd-push/client';
import { ProblemError } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError } from '../cli-error.ts';
import type { AddressFlags } from '../commands/flags.ts';
import { patchOf } from '../project/patches.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { Line, LineName } from '../sync/open-lines.ts';
import { RecipientNames } from '../sync/recipient-names.ts';
import { resolveTargets } from '../sync/resolve-targets.ts';
import { SyncPush } from '../sync/sync-push.ts';
import { describeTargets, targetsOf } from '../sync/target-of.ts';
import { Talk } from '../talk/talk.ts';
import type { Base } from '../transform/base.ts';
import type { PatchProblem } from '../transform/patch-problem.ts';
import type { Ignore } from '../transform/project-scan.ts';
import { batchesOf } from './batches.ts';
import { FolderWatcher } from './folder-watcher.ts';
import { gitFolderOf } from './git-folder.ts';
import { PushReporter } from './push-reporter.ts';
import { SaveQueue } from './save-queue.ts';

export interface PushSavesOptions {
  readonly settings: Settings;
  readonly base: Base;
  readonly lines: readonly Line[];
  readonly flags: AddressFlags & { readonly json: boolean };
  readonly ignore: Ignore;
  readonly onReady: () => void;
}

/** Pushes every save of a project until the context's signal says to stop. */
export const pushSaves = async (
  context: CliContext,
  { settings, base, lines, flags, ignore, onReady }: PushSavesOptions,
): Promise<void> => {
  const { root, environment, syncTrigger: trigger, syncSilent: silent } = settings;
  const talk = new Talk(context);
  const targets = await resolveTargets(talk, lines, targetsOf(settings, flags));
  const names = new RecipientNames(lines);
  const queue = new SaveQueue({ base, root, gitFolder: gitFolderOf(root) });
  const failure = Promise.withResolvers<never>();
  // Unhandled until it is raced below.
  failure.promise.catch(() => undefined);
  const watcher = new FolderWatcher({
    root,
    ignore,
    onEvent: (path) => queue.add(path),
    onError: (error) => failure.reject(watchError(error)),
  });
  const forget = lines.map(({ name, connection }) =>
    connection.onStatus(tellStatus(talk, name, lines.length, failure.reject)),
  );
  const towards = describeTargets(targets, settings);
  const reporter = new PushReporter(context, { talk, json: flags.json, names, settings, towards });
  const stop = (): void => queue.close();
  context.signal.addEventListener('abort', stop, { once: true });
  // The first push of each file then needs no question before it.
  const resources = base.entries().map(({ resource }) => resource);
  await Promise.all([
    names.load(),
    ...lines.map(({ publisher }) =>
      resources.length > 0 ? publisher.prepare(environment, resources) : undefined,
    ),
  ]);
  onReady();
  for (const problem of base.problems()) reporter.tellProblem(problem);
  let told = new Set(base.problems().map(problemKey));

  /** Sends one push, and again for as long as a relay cannot take it; what is saved meanwhile is gathered. */
  const send = async (patches: readonly PatchInput[], initTime: number): Promise<void> => {
    for (let open = lines; open.length > 0 && !context.signal.aborted;) {
      const push = SyncPush.over(open, (publisher, pushGuid) =>
        publisher.push({ environment, targets, trigger, silent, patches, initTime, pushGuid }),
      );
      // Writing to a terminal or a pipe blocks: what was saved is on its way before anyone is told.
      await nextTurn();
      reporter.report(push, patches);
      // What becomes of it at the recipients is not waited for.
      const { refused } = await push.answers;
      const owed = refused.filter(({ problem }) => problem.retryable);
      open = open.filter(({ name }) => owed.some(({ line }) => line === name));
      const waitMs = Math.max(0, ...owed.map(({ problem }) => (problem.retryAfter ?? 1) * 1000));
      if (open.length > 0) await delay(waitMs, undefined, { signal: context.signal }).catch(() => undefined);
    }
  };

  const work = async (): Promise<void> => {
    for await (const { update, seenAt } of queue) {
      const fresh = update.problems.filter((problem) => !told.has(problemKey(problem)));
      for (const problem of fresh) reporter.tellProblem(problem);
      told = new Set(update.problems.map(problemKey));
      // Of a folder that has turned out meanwhile to be what a build writes, nothing is sent.
      const patches = update.changes
        .map((change) => patchOf(base, change))
        .filter((patch) => patch !== undefined)
        .filter(({ resource }) => !liesInIgnored(ignore, resource.slice(base.module.length + 2)));
      if (patches.length === 0) continue;
      for (const batch of batchesOf(patches)) await send(batch, seenAt);
    }
  };
  try {
    await Promise.race([work(), failure.promise]);
  } finally {
    context.signal.removeEventListener('abort', stop);
    watcher.close();
    queue.close();
    reporter.close();
    for (const stopHearing of forget) stopHearing();
  }
};

/** Says when a relay is lost and found again; a session that is over ends the watching. */
const tellStatus = (
  talk: Talk,
  name: LineName,
  count: number,
  end: (error: Error) => void,
): ((status: ConnectionStatus) => void) => {
  const relay = count > 1 ? `The ${name} relay` : 'The relay';
  let isLost = false;
  return (status) => {
    switch (status.state) {
      case 'connecting':
        if (!isLost) talk.warn(`${relay} is away; what is saved now is sent when it is back.`);
        isLost = true;
        return;
      case 'open':
        if (isLost) talk.say(`${relay} is back.`);
        isLost = false;
        return;
      case 'ended':
        end(new ProblemError(status.problem));
        return;
      default:
        status satisfies never;
    }
  };
};

const liesInIgnored = (ignore: Ignore, path: string): boolean => {
  const folders = path.split('/').slice(0, -1);
  return folders.some((_, index) => ignore(folders.slice(0, index + 1).join('/')));
};

const problemKey = ({ resource, detail }: PatchProblem): string => `${resource} ${detail ?? ''}`;

const watchError = (error: Error): CliError => {
  const isFull = 'code' in error && (error.code === 'ENOSPC' || error.code === 'EMFILE');
  return new CliError(`The project cannot be watched: ${error.message}`, {
    cause: error,
    next: isFull
      ? 'The system allows too few watches. Name folders that need none in .cdpushignore, or raise fs.inotify.max_user_watches.'
      : 'Is the project’s folder still there?',
  });
};
