import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { ConfigFlags } from './flags.ts';
import { lazily } from './command.ts';
import { placeFlags } from './shared-flags.ts';

export const config = buildCommand<ConfigFlags, [], CliContext>({
  docs: {
    brief: 'Print the settings that commands here go by',
    fullDescription: [
      'Settings come from flags, then environment variables (CD_PUSH_ENVIRONMENT, CD_PUSH_SYNC_MODE, CD_PUSH_SYNC_SILENT, CD_PUSH_SYNC_TRIGGER, CD_PUSH_SYNC_AT_SAVE, CD_PUSH_API_URL, CD_PUSH_RELAY_URL, CD_PUSH_DATA), then cd-push.config.ts, then defaults.',
      '',
      'Examples:',
      '  cd-cli config --sources',
      '  cd-cli config | jq -r .environment',
    ].join('\n'),
  },
  parameters: {
    flags: {
      sources: {
        kind: 'boolean',
        brief: 'Say of each setting where it came from',
        default: false,
        withNegated: false,
      },
      ...placeFlags,
      json: { kind: 'boolean', brief: 'On one line', default: false, withNegated: false },
    },
  },
  loader: lazily(async () => (await import('../settings/run-config.ts')).runConfig),
});
