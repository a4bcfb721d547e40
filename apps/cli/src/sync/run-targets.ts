import type { TargetView } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import type { TargetsFlags } from '../commands/flags.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { printJson } from '../talk/print-json.ts';
import { printTable } from '../talk/print-table.ts';
import { Talk } from '../talk/talk.ts';
import { openLines, type LineName } from './open-lines.ts';

/** `targets`: the runtimes that can be reached, connected or not. */
export const runTargets = async (context: CliContext, flags: TargetsFlags): Promise<void> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  await using lines = await openLines(context, settings);
  const { module, environment } = settings;
  const query = flags.all ? {} : { select: { module, environment } };
  const found: { line: LineName; view: TargetView }[] = [];
  for (const { name, connection } of lines.all) {
    const { targets } = await connection.request('list-targets', query);
    found.push(...targets.map((view) => ({ line: name, view })));
  }
  if (flags.json) {
    for (const { line, view } of found) printJson(context, { relay: line, ...view });
    return;
  }
  if (found.length === 0) {
    const talk = new Talk(context);
    talk.say(flags.all ? 'No runtime can be reached.' : `No runtime of ${module} in ${environment}.`);
    talk.say(flags.all ? 'Let one join: cd-cli join-code' : 'Look at all: cd-cli targets --all');
    return;
  }
  printTable(
    context,
    [
      'runtime',
      'name',
      'kind',
      'module',
      'environment',
      'labels',
      'state',
      ...(lines.all.length > 1 ? ['relay'] : []),
    ],
    found.map(({ line, view }) => [
      view.recipient,
      view.name,
      view.kind ?? '-',
      view.module,
      view.environment,
      Object.entries(view.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || '-',
      view.connected ? 'connected' : 'away',
      ...(lines.all.length > 1 ? [line] : []),
    ]),
  );
};
