import { ProblemError } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError } from '../cli-error.ts';
import type { AddressFlags } from '../commands/flags.ts';
import { LineHistory, developerFolder } from '../merge/line-history.ts';
import { LineFiles } from '../merge/line-files.ts';
import { LineMerges } from '../merge/line-merges.ts';
import { MergeTeller } from '../merge/merge-teller.ts';
import { OthersPushes } from '../merge/others-pushes.ts';
import { PageEdits } from '../merge/page-edits.ts';
import { openWorkingCopy } from '../merge/working-copy.ts';
import { folderIdentity } from '../project/folder-identity.ts';
import { patchOf, putOf } from '../project/patches.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { Line } from '../sync/line.ts';
import { RecipientNames } from '../sync/recipient-names.ts';
import { resolveTargets } from '../sync/resolve-targets.ts';
import { tellRelayStatus } from '../sync/relay-status.ts';
import { describeTargets, targetsOf } from '../sync/target-of.ts';
import { explain } from '../talk/explain.ts';
import { Talk } from '../talk/talk.ts';
import type { Base } from '../transform/base.ts';
import type { PatchProblem } from '../transform/patch-problem.ts';
import type { Ignore } from '../transform/project-scan.ts';
import { batchesOf } from './batches.ts';
import { FolderWatcher } from './folder-watcher.ts';
import { gitFolderOf } from './git-folder.ts';
import { PushReporter } from './push-reporter.ts';
import { observeOthers } from './observe-others.ts';
import { SaveQueue } from './save-queue.ts';
import { SaveSender } from './save-sender.ts';

export interface PushSavesOptions {
  readonly settings: Settings;
  readonly base: Base;
  readonly lines: readonly Line[];
  readonly flags: AddressFlags & { readonly json: boolean; readonly acceptEdits?: boolean | undefined };
  readonly ignore: Ignore;
  readonly onReady: () => void;
}

/** Pushes every save of a project until the context's signal says to stop. */
export const pushSaves = async (
  context: CliContext,
  { settings, base, lines, flags, ignore, onReady }: PushSavesOptions,
): Promise<void> => {
  const { root, environment } = settings;
  const folder = folderIdentity(root);
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
  const forget = [
    tellRelayStatus(talk, lines, 'what is saved now is sent when it is back'),
    ...lines.map(({ connection }) =>
      connection.onStatus((status) => {
        if (status.state === 'ended') failure.reject(new ProblemError(status.problem));
      }),
    ),
  ];
  const towards = describeTargets(targets, settings);
  const reporter = new PushReporter(context, { talk, json: flags.json, names, settings, lines, towards });
  const stopped = Promise.withResolvers<void>();
  const stop = (): void => {
    queue.close();
    // A relay that is away is not waited for: what it has not taken is in the outbox.
    stopped.resolve();
  };
  context.signal.addEventListener('abort', stop, { once: true });
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const teller = new MergeTeller(context, { talk, json: flags.json, module: settings.module, lines });
  const acceptsEdits = flags.acceptEdits === true;
  const copies = await Promise.all(
    lines.map(async (line) => {
      const kept = developerFolder(context.process.env, settings, line);
      const history = new LineHistory(line, kept);
      const copy = await openWorkingCopy(kept, settings);
      const ports = { line, settings, folder, base, ignore, history, copy, teller, acceptsEdits, signal };
      const files = new LineFiles(ports);
      return { line, history, copy, files, merges: new LineMerges(files), others: new OthersPushes(files) };
    }),
  );
  const sender = new SaveSender({ lines: copies, settings, targets, reporter, teller, signal });
  // The first push of each file then needs no question before it.
  const entries = base.entries();
  const resources = entries.map(({ resource }) => resource);
  const changed: string[] = [];
  await Promise.all([
    names.load(),
    ...copies.map(async ({ line, others }) => {
      const heads = resources.length > 0 ? await line.publisher.prepare(environment, resources) : [];
      changed.push(...(await others.begin(entries, heads)));
    }),
  ]);
  onReady();
  for (const problem of base.problems()) reporter.tellProblem(problem);
  let told = new Set(base.problems().map(problemKey));

  // One thing at a time happens to files and to what they are based on.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(step: () => Promise<Value>): Promise<Value> => {
    const taken = turn.then(step);
    turn = taken.catch(() => undefined);
    return taken;
  };
  const sendFiles = async (files: readonly string[]): Promise<void> => {
    const patches = files.flatMap((resource) => {
      const entry = base.entry(resource);
      return entry === undefined ? [] : (putOf(base, entry) ?? []);
    });
    for (const patch of patches) await sender.send([patch], Date.now());
  };
  const takeIn = async (others: OthersPushes, pushed: readonly string[]): Promise<void> => {
    try {
      await sendFiles(
        await others.takeIn(pushed.filter((resource) => !liesInIgnored(ignore, pathOf(base, resource)))),
      );
    } catch (error) {
      if (!signal.aborted) teller.failed(explain(error).sentence);
    }
  };
  void inTurn(() => sendFiles([...new Set(changed)]));
  for (const one of copies) {
    const onPushed = (pushed: readonly string[] | undefined): void => {
      void inTurn(() => takeIn(one.others, pushed ?? base.entries().map(({ resource }) => resource)));
    };
    if (acceptsEdits) {
      const edits = new PageEdits({ files: one.files, inTurn });
      forget.push(() => edits.close());
    }
    void observeOthers(one, { settings, own: sender.own, teller, signal, onPushed });
  }

  const work = async (): Promise<void> => {
    for await (const { update, seenAt } of queue) {
      const fresh = update.problems.filter((problem) => !told.has(problemKey(problem)));
      for (const problem of fresh) reporter.tellProblem(problem);
      told = new Set(update.problems.map(problemKey));
      // Of a folder that has turned out meanwhile to be what a build writes, nothing is sent.
      const patches = update.changes
        .map((change) => patchOf(base, change))
        .filter((patch) => patch !== undefined)
        .filter(({ resource }) => !liesInIgnored(ignore, pathOf(base, resource)));
      if (patches.length === 0) continue;
      for (const batch of batchesOf(patches)) await inTurn(() => sender.send(batch, seenAt));
    }
  };
  try {
    await Promise.race([work(), failure.promise, stopped.promise]);
  } finally {
    context.signal.removeEventListener('abort', stop);
    watcher.close();
    queue.close();
    reporter.close();
    for (const stopHearing of forget) stopHearing();
    over.abort();
    // What is under way notes where it got to.
    await turn;
    for (const { history, copy } of copies) {
      history.close();
      copy[Symbol.dispose]();
    }
  }
};

const pathOf = ({ module }: Base, resource: string): string => resource.slice(module.length + 2);

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
