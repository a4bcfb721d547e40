import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { RollbackFlags } from './flags.ts';
import { lazily } from './command.ts';
import {
  addressFlags,
  awayHelp,
  exitCodeHelp,
  jsonFlag,
  placeFlags,
  proposeFlag,
  waitFlags,
} from './shared-flags.ts';

export const rollback = buildCommand<RollbackFlags, [string], CliContext>({
  docs: {
    brief: 'Bring a file, a folder or the whole module back to how it was',
    fullDescription: [
      'Shows what goes from which version to which and asks; then pushes the earlier contents as the next versions, signed by you, all of them in one push that is applied all or nothing, and looks whether they are in place. Files that came since are deleted, deleted ones return, renames are undone.',
      '',
      'Without --to it goes one step back: to before the latest push of what is named. A push that was rolled back counts as never made, so that rolling back again goes further back instead of forth. Of a file that was never pushed before, what the deployment serves takes its place again.',
      '',
      'The file on this machine’s disk stays as it is: "cd-cli push" pushes it all the same. A running "watch" merges its next save with what came back, and with --accept-edits takes that into the file.',
      '',
      awayHelp,
      '',
      'Examples:',
      '  cd-cli rollback src/cart.ts',
      '  cd-cli rollback src/cart.ts --to v3          as "history" shows it',
      '  cd-cli rollback . --to 14:30                 all of it, as it was then',
      '  cd-cli rollback src --to 4f0c6a52 --dry-run  as that push left it',
      '  cd-cli rollback . --targets till,kiosk --yes --json',
      '',
      exitCodeHelp,
    ].join('\n'),
  },
  parameters: {
    flags: {
      to: {
        kind: 'parsed',
        parse: String,
        brief: 'A version (v3), a push, or a time; before the latest push by default',
        optional: true,
        placeholder: 'when',
      },
      targets: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'Only these runtimes, separated by commas; like --target',
        placeholder: 'runtimes',
      },
      dryRun: {
        kind: 'boolean',
        brief: 'Show what would be done, and do nothing',
        default: false,
        withNegated: false,
      },
      yes: { kind: 'boolean', brief: 'Do it without being asked', default: false, withNegated: false },
      ...proposeFlag,
      timeout: waitFlags.timeout,
      silent: waitFlags.silent,
      ...addressFlags,
      ...placeFlags,
      ...jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: String,
          brief: 'A file or a folder, by its path or its name as a resource; "." is all',
          placeholder: 'file',
        },
      ],
    },
  },
  loader: lazily(async () => (await import('../rollback/run-rollback.ts')).runRollback),
});
