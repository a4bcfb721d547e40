import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { ProposalsFlags } from './flags.ts';
import { lazily } from './command.ts';
import { jsonFlag, placeFlags } from './shared-flags.ts';

export const proposals = buildCommand<ProposalsFlags, [], CliContext>({
  docs: {
    brief: 'List pushes that wait for approval, and what became of them',
    fullDescription: [
      'A target may ask that other people approve of what is pushed to it ("targets" shows how many). Such a push is proposed - push, rollback or run with --propose - and waits here for three days at most. With the last approval that it takes it is taken as though it had been sent then.',
      '',
      'Shown are your own, and those of files that your grants cover: waiting, accepted, refused (and why), withdrawn, expired.',
      '',
      'Examples:',
      '  cd-cli proposals --waiting',
      '  cd-cli approve 4f0c6a52                  shows what it would change, and asks',
      '  cd-cli proposals --withdraw 4f0c6a52     one of your own is not to run any more',
    ].join('\n'),
  },
  parameters: {
    flags: {
      waiting: {
        kind: 'boolean',
        brief: 'Only those that wait',
        default: false,
        withNegated: false,
      },
      withdraw: {
        kind: 'parsed',
        parse: String,
        brief: 'Take one of your own back: its guid, or the beginning of it',
        optional: true,
        placeholder: 'guid',
      },
      mode: placeFlags.mode,
      data: placeFlags.data,
      ...jsonFlag,
    },
  },
  loader: lazily(async () => (await import('../proposals/run-proposals.ts')).runProposals),
});
