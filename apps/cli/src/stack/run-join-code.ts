import { makeJoinCode } from '@cd-push/client';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { JoinCodeFlags } from '../commands/flags.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { placeOf, sessionAt } from '../sync/open-lines.ts';
import { labelOf } from '../sync/target-of.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';

/** `join-code`: a code by which runtimes of the project's module enrol. */
export const runJoinCode = async (context: CliContext, flags: JoinCodeFlags): Promise<void> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  if (settings.syncMode === 'hybrid')
    throw usageError('A code is of one api.', 'Say which: --mode local or --mode remote');
  const session = await sessionAt(placeOf(context, settings, settings.syncMode));
  const { module, environment } = settings;
  const labels = Object.fromEntries((flags.label ?? []).map(labelOf));
  const { code, expiresAt } = await makeJoinCode(session, {
    module,
    environment,
    labels,
    groups: flags.group ?? [],
    uses: flags.uses,
    ttlSeconds: Math.max(1, Math.round(flags.ttl / 1000)),
  });
  if (flags.json)
    printJson(context, {
      code,
      expiresAt,
      module,
      environment,
      labels,
      groups: flags.group ?? [],
      uses: flags.uses,
    });
  else context.process.stdout.write(`${code}\n`);
  const uses = flags.uses === 1 ? 'One runtime' : `${flags.uses} runtimes`;
  new Talk(context).say(
    `${uses} of ${module} in ${environment} may join with it until ${new Date(expiresAt).toLocaleString()}. It is shown this once.`,
  );
};
