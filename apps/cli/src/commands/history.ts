import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { HistoryFlags } from './flags.ts';
import { lazily } from './command.ts';
import { count, jsonFlag, observedFlags, placeFlags } from './shared-flags.ts';

/** Rows of the journal; a relay gives 200 at most. */
const pageAtMost = 200;

export const history = buildCommand<HistoryFlags, [string?], CliContext>({
  docs: {
    brief: 'List the latest pushes and how each came out, or the versions of a file',
    fullDescription: [
      'Lists what the relay’s journal holds, the latest first: your own pushes, and as an admin or an observer everybody’s. The first column is what "track", "retry" and "replay" take.',
      '',
      'Of a file it lists the versions: when, by whom, what was done, at how many runtimes it took effect, and which one is in place. The first column is what "diff" and "rollback" take. Versions whose contents were let go of are listed as long as their signed statements are kept. Of a folder or a module it lists the pushes of what is in it.',
      '',
      'Examples:',
      '  cd-cli history',
      '  cd-cli history src/cart.ts               its versions, there or deleted',
      '  cd-cli history --outcome failed --resource /shop/src',
      '  cd-cli history --sender me --limit 100 --json | jq -r .pushGuid',
    ].join('\n'),
  },
  parameters: {
    flags: {
      outcome: {
        kind: 'enum',
        values: ['open', 'completed', 'partial', 'failed', 'expired'],
        brief: 'Only those that came out so',
        optional: true,
      },
      ...observedFlags,
      sender: {
        kind: 'parsed',
        parse: String,
        brief: 'Only those of this sender: "me", or a subject as --json shows it',
        optional: true,
        placeholder: 'who',
      },
      limit: {
        kind: 'parsed',
        parse: count(1, pageAtMost),
        brief: `How many, ${pageAtMost} at most`,
        default: '20',
        placeholder: 'count',
      },
      before: {
        kind: 'parsed',
        parse: count(0, Number.MAX_SAFE_INTEGER),
        brief: 'Only those before this, where the page before ended',
        optional: true,
        placeholder: 'place',
      },
      ...placeFlags,
      environment: { ...placeFlags.environment, brief: 'Only those of this environment' },
      ...jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: String,
          brief: 'A file, or a folder; its path or its name as a resource',
          placeholder: 'file',
          optional: true,
        },
      ],
    },
  },
  loader: lazily(async () => (await import('../history/run-history.ts')).runHistory),
});
