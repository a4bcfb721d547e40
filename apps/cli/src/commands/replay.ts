import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { ReplayFlags } from './flags.ts';
import { lazily } from './command.ts';
import {
  addressFlags,
  awayHelp,
  exitCodeHelp,
  jsonFlag,
  placeFlags,
  pushArgument,
  waitFlags,
} from './shared-flags.ts';

export const replay = buildCommand<ReplayFlags, [string], CliContext>({
  docs: {
    brief: 'Push what was pushed before anew, as the next version',
    fullDescription: [
      'Reads what an earlier push brought from the relay, checks that it is what was signed then, and pushes it anew, signed by you: to whom it went, or to whom --to names. Where newer versions are in place you are asked before the old contents take theirs; so a replay is also the way back to how it was.',
      '',
      awayHelp,
      '',
      'Examples:',
      '  cd-cli replay 4f0c6a52',
      '  cd-cli replay 4f0c6a52 --to till         to a runtime that joined since',
      '  cd-cli replay 4f0c6a52 --yes --json      without being asked',
      '',
      exitCodeHelp,
    ].join('\n'),
  },
  parameters: {
    flags: {
      to: {
        ...addressFlags.target,
        brief: 'To this runtime instead, as "targets" shows it (again for more)',
      },
      yes: {
        kind: 'boolean',
        brief: 'Put the old contents in place of newer ones without being asked',
        default: false,
        withNegated: false,
      },
      ...waitFlags,
      mode: placeFlags.mode,
      data: placeFlags.data,
      ...jsonFlag,
    },
    positional: pushArgument,
  },
  loader: lazily(async () => (await import('../replay/run-replay.ts')).runReplay),
});
