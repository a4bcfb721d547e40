import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { DiffFlags } from './flags.ts';
import { lazily } from './command.ts';
import { fileArgument, jsonFlag, placeFlags } from './shared-flags.ts';

export const diff = buildCommand<DiffFlags, [string], CliContext>({
  docs: {
    brief: 'Show what two versions of a file differ in, or one and the file on the disk',
    fullDescription: [
      'Compares the version in place with the one before it, or those that are named, as "history" shows them. Files are compared as they were saved. What a runtime gets of code is made of that; where it is not known how a file was saved, that is compared instead, and said. Of what is no text, sizes and digests are shown.',
      '',
      'Examples:',
      '  cd-cli diff src/cart.ts',
      '  cd-cli diff src/cart.ts --to disk        what a push would change',
      '  cd-cli diff src/cart.ts --from v1 --to v4',
      '  cd-cli diff src/cart.ts --pushed --json | jq -r .diff',
    ].join('\n'),
  },
  parameters: {
    flags: {
      from: {
        kind: 'parsed',
        parse: String,
        brief: 'The earlier version; the one before the other by default',
        optional: true,
        placeholder: 'version',
      },
      to: {
        kind: 'parsed',
        parse: String,
        brief: 'The later version, or "disk"; the one in place by default',
        optional: true,
        placeholder: 'version',
      },
      pushed: {
        kind: 'boolean',
        brief: 'Compare what was pushed, not the files that it was made of',
        default: false,
        withNegated: false,
      },
      ...placeFlags,
      ...jsonFlag,
    },
    positional: fileArgument,
  },
  loader: lazily(async () => (await import('../diff/run-diff.ts')).runDiff),
});
