import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { TargetsFlags } from './flags.ts';
import { lazily } from './command.ts';
import { jsonFlag, placeFlags } from './shared-flags.ts';

export const targets = buildCommand<TargetsFlags, [], CliContext>({
  docs: {
    brief: 'List the runtimes that a push would reach',
    fullDescription: [
      'Lists the runtimes of this project’s module and environment, connected or away.',
      '',
      'Examples:',
      '  cd-cli targets',
      '  cd-cli targets --all --json | jq -r .recipient',
    ].join('\n'),
  },
  parameters: {
    flags: {
      all: {
        kind: 'boolean',
        brief: 'Every runtime that this session may reach',
        default: false,
        withNegated: false,
      },
      ...placeFlags,
      ...jsonFlag,
    },
  },
  loader: lazily(async () => (await import('../sync/run-targets.ts')).runTargets),
});
