import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { ResolveFlags } from './flags.ts';
import { lazily } from './command.ts';
import { exitCodeHelp, jsonFlag, placeFlags, waitFlags } from './shared-flags.ts';

export const resolve = buildCommand<ResolveFlags, [string?], CliContext>({
  docs: {
    brief: 'Show and settle what could not be merged',
    fullDescription: [
      'Lists the files that somebody else has changed in the same lines as you, and of which nothing was pushed since. With a file, shows what both started from, what you have and what the other pushed. Settled it is pushed, and follows both.',
      '',
      'Examples:',
      '  cd-cli resolve                              which files wait for you',
      '  cd-cli resolve src/cart.ts                  all three texts',
      '  cd-cli resolve src/cart.ts --take theirs    their lines, where both differ',
      '  cd-cli resolve src/cart.ts --take both      your lines, then theirs',
      '  cd-cli resolve src/cart.ts --done           the file as you have edited it',
      '',
      exitCodeHelp,
    ].join('\n'),
  },
  parameters: {
    flags: {
      take: {
        kind: 'enum',
        values: ['ours', 'theirs', 'both', 'base'],
        brief:
          'Whose lines, where both changed the same ones (base: what both began with); all else of both stays',
        optional: true,
      },
      done: {
        kind: 'boolean',
        brief: 'The file says what it shall; push it',
        default: false,
        withNegated: false,
      },
      ...waitFlags,
      ...placeFlags,
      ...jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'The file', placeholder: 'file', optional: true }],
    },
  },
  loader: lazily(async () => (await import('../merge/run-resolve.ts')).runResolve),
});
