import type { TargetView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import type { TargetsFlags } from '../commands/flags.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { printJson } from '../talk/print-json.ts';
import { printTable } from '../talk/print-table.ts';
import { Talk } from '../talk/talk.ts';
import { explainNobody } from './explain-nobody.ts';
import type { LineName } from './line.ts';
import { openLines } from './open-lines.ts';
import { shortRecipient } from './short-ids.ts';

/** `targets`: the runtimes that can be reached, connected or not. */
export const runTargets = async (context: CliContext, flags: TargetsFlags): Promise<void> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  await using lines = await openLines(context, settings);
  const { module, environment } = settings;
  const query = flags.all ? {} : { select: { module, environment } };
  const found: Found[] = [];
  for (const { name, connection } of lines.all) {
    const { targets } = await connection.request('list-targets', query);
    found.push(...targets.map((view) => ({ line: name, view })));
  }
  if (flags.json) {
    for (const { line, view } of found) printJson(context, { type: 'target', relay: line, ...view });
    return;
  }
  if (found.length === 0) {
    const talk = new Talk(context);
    talk.say(flags.all ? 'No runtime can be reached.' : `No runtime of ${module} in ${environment}.`);
    talk.next(explainNobody(settings, undefined).next);
    if (!flags.all) talk.say('Those of other modules and environments: cd-cli targets --all');
    return;
  }
  // A column that says the same of everyone says nothing.
  const columns = allColumns.filter(
    ({ title, isAlways }) =>
      isAlways ||
      (title === 'relay' && lines.all.length > 1) ||
      (flags.all && (title === 'module' || title === 'environment')) ||
      (title === 'approvals' && found.some(({ view }) => view.approvals !== undefined)) ||
      (title === 'labels' && found.some(({ view }) => Object.keys(view.labels).length > 0)),
  );
  printTable(
    context,
    columns.map(({ title }) => title),
    found.map((one) => columns.map(({ cell }) => cell(one))),
  );
};

interface Found {
  readonly line: LineName;
  readonly view: TargetView;
}

interface Column {
  readonly title: string;
  readonly isAlways: boolean;
  readonly cell: (found: Found) => string;
}

/** The first is what `--target` takes. */
const allColumns: readonly Column[] = [
  { title: 'runtime', isAlways: true, cell: ({ view }) => shortRecipient(view.recipient) },
  { title: 'name', isAlways: true, cell: ({ view }) => view.name },
  { title: 'kind', isAlways: true, cell: ({ view }) => view.kind ?? '-' },
  { title: 'state', isAlways: true, cell: ({ view }) => stateOf(view) },
  { title: 'module', isAlways: false, cell: ({ view }) => view.module },
  { title: 'environment', isAlways: false, cell: ({ view }) => view.environment },
  { title: 'approvals', isAlways: false, cell: ({ view }) => String(view.approvals ?? '-') },
  { title: 'relay', isAlways: false, cell: ({ line }) => line },
  {
    title: 'labels',
    isAlways: false,
    cell: ({ view }) =>
      Object.entries(view.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || '-',
  },
];

const stateOf = ({ connected, held }: TargetView): string => {
  const state = connected ? 'connected' : 'away';
  return held === true ? `${state}, held` : state;
};
