import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { ApproveFlags } from './flags.ts';
import { lazily } from './command.ts';
import { exitCodeHelp, jsonFlag, placeFlags } from './shared-flags.ts';

export const approve = buildCommand<ApproveFlags, [string], CliContext>({
  docs: {
    brief: 'Approve of what somebody else proposes, after seeing what it changes',
    fullDescription: [
      'Reads a proposal from the relay, checks that it is what its proposer has signed, shows what of the files in place it would change, and asks. Yes is signed by you, over exactly what was shown. With the last approval that it takes the push goes on its way.',
      '',
      'Shown is what would run. With --source the files are shown as they were saved, which is easier to read where code is transformed; but nothing proves that what would run was made of it.',
      '',
      'Nobody approves of their own, by whichever identity, and it takes the right to push all of it.',
      '',
      'Examples:',
      '  cd-cli approve 4f0c6a52',
      '  cd-cli approve 4f0c6a52 --yes --json     without being asked',
      '',
      exitCodeHelp,
    ].join('\n'),
  },
  parameters: {
    flags: {
      yes: { kind: 'boolean', brief: 'Approve without being asked', default: false, withNegated: false },
      source: {
        kind: 'boolean',
        brief: 'Show the files as they were saved, not what would run',
        default: false,
        withNegated: false,
      },
      mode: placeFlags.mode,
      data: placeFlags.data,
      ...jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'A proposal, as "proposals" shows it', placeholder: 'guid' }],
    },
  },
  loader: lazily(async () => (await import('../proposals/run-approve.ts')).runApprove),
});
