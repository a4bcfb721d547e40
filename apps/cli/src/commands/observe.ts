import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { ObserveFlags } from './flags.ts';
import { lazily } from './command.ts';
import { count, jsonFlag, observedFlags, placeFlags } from './shared-flags.ts';

export const observe = buildCommand<ObserveFlags, [], CliContext>({
  docs: {
    brief: 'Follow all pushes live, with the cause of each failure and what would mend it',
    fullDescription: [
      'Follows every push that this session may see, whoever sends it: your own, and as an admin or an observer everybody’s. A push that went well takes one line; a failure says at once at whom, why, and what would mend it. A connection that breaks is taken up again where it broke.',
      '',
      'With --retry, what may pass is tried again: what a runtime took back, what a service did not answer to, what waits for a file that is missing there. Each wait is twice as long as the one before, at most 8 attempts are under way at once and 30 opened in a minute; when the budget of a push at a runtime is spent, that is said, and it is left. What took a program down, and what needs a grant, a login or a restart, is left to you.',
      '',
      'Examples:',
      '  cd-cli observe',
      '  cd-cli observe --resource /shop/src --target till',
      '  cd-cli observe --retry --retry-budget 5',
      '  cd-cli observe --json | jq -c "select(.stage == \\"failed\\") | .correction"',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...observedFlags,
      guid: {
        kind: 'parsed',
        parse: String,
        brief: 'Only this push: its guid, or the beginning that was shown of it',
        optional: true,
        placeholder: 'guid',
      },
      retry: {
        kind: 'boolean',
        brief: 'Try again what may pass',
        default: false,
        withNegated: false,
      },
      retryBudget: {
        kind: 'parsed',
        parse: count(2, 100),
        brief: 'With --retry: attempts of a push at a runtime at most, the first included (8)',
        optional: true,
        placeholder: 'count',
      },
      ...placeFlags,
      environment: { ...placeFlags.environment, brief: 'Only those of this environment' },
      ...jsonFlag,
    },
  },
  loader: lazily(async () => (await import('../observe/run-observe.ts')).runObserve),
});
