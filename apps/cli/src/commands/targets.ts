import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { TargetsFlags } from './flags.ts';
import { lazily } from './command.ts';
import { jsonFlag, placeFlags } from './shared-flags.ts';

export const targets = buildCommand<TargetsFlags, [], CliContext>({
  docs: {
    brief: 'List the runtimes that a push would reach',
    fullDescription: [
      'Lists the runtimes of this project’s module and environment, connected or away. The first column is what --target takes: the beginning of the credential’s guid and, of one that is connected, of its instance. A push is addressed to a credential: instances that share it (tabs of one browser) all get it. --json has all of the ids.',
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
