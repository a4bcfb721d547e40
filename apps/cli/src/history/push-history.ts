import { listPushes } from '@cd-push/client';
import type { ListPushes, PushView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { HistoryFlags } from '../commands/flags.ts';
import type { Settings } from '../settings/load-settings.ts';
import { describePush } from '../sync/describe-push.ts';
import type { Line } from '../sync/line.ts';
import type { Lines } from '../sync/open-lines.ts';
import { resolveRecipient } from '../sync/resolve-targets.ts';
import { namedPush } from '../sync/push-json.ts';
import { RecipientNames } from '../sync/recipient-names.ts';
import { shortGuid } from '../sync/short-ids.ts';
import { printJson } from '../talk/print-json.ts';
import { printTable } from '../talk/print-table.ts';
import { Talk } from '../talk/talk.ts';
import { shownTime } from './shown-time.ts';

/** The latest pushes of the journal, whoever sent them, page by page. */
export const tellPushes = async (
  context: CliContext,
  flags: HistoryFlags,
  settings: Settings,
  lines: Lines,
): Promise<void> => {
  if (flags.before !== undefined && settings.syncMode === 'hybrid')
    throw usageError(
      'Each relay counts its pushes by itself, so --before goes with one of them.',
      'Say which: --mode local or --mode remote',
    );
  const recipient = flags.target === undefined ? undefined : await resolveRecipient(lines.all, flags.target);
  const pages = await Promise.all(
    lines.all.map(async (line) => {
      const page = await latestOf(line, queryOf(flags, recipient, line), flags.limit, context.signal);
      return { line, ...page };
    }),
  );
  if (flags.json) {
    const names = new RecipientNames(lines.all);
    await names.load();
    for (const { line, pushes, next } of pages) {
      for (const push of pushes)
        printJson(context, { type: 'push', relay: line.name, ...namedPush(push, names) });
      printJson(context, { type: 'page', relay: line.name, pushes: pushes.length, next: next ?? null });
    }
    return;
  }
  const found = pages
    .flatMap(({ line, pushes }) => pushes.map((push) => ({ line, push })))
    .toSorted((a, b) => b.push.acceptedAt - a.push.acceptedAt);
  const talk = new Talk(context);
  if (found.length === 0) {
    talk.say('No push that you may see fits.');
    return;
  }
  show(context, found);
  const [{ next } = {}] = pages.length === 1 ? pages : [];
  if (next !== undefined) talk.next(`Older ones: cd-cli history --before ${next}, and the same filters`);
};

/** As many as were asked for: a page of the relay may hold fewer, although there are more. */
const latestOf = async (
  { connection }: Line,
  query: ListPushes,
  limit: number,
  signal: AbortSignal,
): Promise<{ readonly pushes: readonly PushView[]; readonly next: number | undefined }> => {
  const found: PushView[] = [];
  for await (const { pushes, next } of listPushes(connection, query, { signal })) {
    found.push(...pushes);
    if (found.length < limit) continue;
    const shown = found.slice(0, limit);
    // The last that is shown is where the next page begins.
    return { pushes: shown, next: found.length > limit ? shown.at(-1)?.offset : next };
  }
  return { pushes: found, next: undefined };
};

const queryOf = (
  { outcome, resource, sender, environment, before, limit }: HistoryFlags,
  recipient: string | undefined,
  { session }: Line,
): ListPushes => ({
  limit,
  ...(outcome === undefined ? {} : { outcome }),
  ...(resource === undefined ? {} : { prefix: resource }),
  ...(environment === undefined ? {} : { environment }),
  ...(before === undefined ? {} : { before }),
  ...(recipient === undefined ? {} : { recipient }),
  ...(sender === undefined ? {} : { sender: sender === 'me' ? session.account.user.subject : sender }),
});

interface Found {
  readonly line: Line;
  readonly push: PushView;
}

const show = (context: CliContext, found: readonly Found[]): void => {
  const now = Date.now();
  const isMine = ({ line, push }: Found): boolean => push.sender === line.session.account.user.subject;
  const columns: readonly Column[] = [
    { title: 'push', cell: ({ push }) => shortGuid(push.pushGuid) },
    { title: 'when', cell: ({ push }) => shownTime(push.acceptedAt, now) },
    { title: 'outcome', cell: ({ push }) => push.outcome },
    { title: 'reached', cell: ({ push }) => reachedOf(push) },
    {
      title: 'environment',
      cell: ({ push }) => push.environment,
      tells: (all) => differ(all, ({ push }) => push.environment),
    },
    { title: 'relay', cell: ({ line }) => line.name, tells: (all) => differ(all, ({ line }) => line.name) },
    {
      title: 'by',
      cell: (one) => (isMine(one) ? one.line.session.account.user.name : one.push.sender),
      tells: (all) => !all.every(isMine),
    },
    // The widest goes last: its end is what a narrow terminal cuts.
    { title: 'what', cell: ({ push }) => describePush(push) },
  ];
  // A column that says the same of every push says nothing.
  const shown = columns.filter(({ tells }) => tells === undefined || tells(found));
  printTable(
    context,
    shown.map(({ title }) => title),
    found.map((one) => shown.map(({ cell }) => cell(one))),
  );
};

interface Column {
  readonly title: string;
  readonly cell: (found: Found) => string;
  readonly tells?: (all: readonly Found[]) => boolean;
}

const differ = (all: readonly Found[], of: (found: Found) => string): boolean =>
  new Set(all.map(of)).size > 1;

/** At how many of its recipients it took effect. */
const reachedOf = ({ recipients }: PushView): string => {
  const completed = recipients.filter(({ stage }) => stage === 'completed').length;
  return `${completed} of ${recipients.length}`;
};
