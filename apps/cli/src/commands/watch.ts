import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { WatchFlags } from './flags.ts';
import { lazily } from './command.ts';
import {
  acceptEditsFlag,
  addressFlags,
  jsonFlag,
  placeFlags,
  projectFolder,
  triggers,
} from './shared-flags.ts';

export const watch = buildCommand<WatchFlags, [string?], CliContext>({
  docs: {
    brief: 'Push every file when it is saved',
    fullDescription: [
      'Pushes what is saved, at once; saves that come together, such as the switch of a branch, go in one push. Files that .gitignore, .cdpushignore or "exclude" names are left out, unless "include" names them.',
      '',
      'What others push of the same files meanwhile is not overwritten: saves are merged with it. With --accept-edits it is also written into the files here, and so is what is edited in running pages. What cannot be merged is kept whole on both sides, and settled by "resolve".',
      '',
      'Examples:',
      '  cd-cli watch',
      '  cd-cli watch --accept-edits',
      '  cd-cli watch --mode=remote --label floor=3',
      '  cd-cli watch --json | jq -c "select(.type == \\"track\\")"',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...placeFlags,
      ...addressFlags,
      trigger: {
        kind: 'enum',
        values: triggers,
        brief: 'Trigger to push under instead of the configured one',
        optional: true,
      },
      silent: {
        kind: 'boolean',
        brief: 'Show nothing to the people in front of the runtimes',
        optional: true,
      },
      acceptEdits: acceptEditsFlag,
      ...jsonFlag,
    },
    positional: projectFolder,
  },
  loader: lazily(async () => (await import('../watch/run-watch.ts')).runWatch),
});
