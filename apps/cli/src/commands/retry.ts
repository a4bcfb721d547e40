import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { RetryFlags } from './flags.ts';
import { lazily } from './command.ts';
import { addressFlags, exitCodeHelp, jsonFlag, placeFlags, pushArgument, waitFlags } from './shared-flags.ts';

export const retry = buildCommand<RetryFlags, [string], CliContext>({
  docs: {
    brief: 'Try a push again where it failed or expired',
    fullDescription: [
      'Opens another attempt, with the same signed bytes, at the recipients where the last one ended without effect, and shows what becomes of it. It is not tried where it took effect or is still under way, nor where a later push has taken its place: push anew then.',
      '',
      'Examples:',
      '  cd-cli retry 4f0c6a52',
      '  cd-cli retry 4f0c6a52 --failed           not where its time passed',
      '  cd-cli retry 4f0c6a52 --target till --json',
      '',
      exitCodeHelp,
    ].join('\n'),
  },
  parameters: {
    flags: {
      failed: {
        kind: 'boolean',
        brief: 'Only where it failed, not where its time passed',
        default: false,
        withNegated: false,
      },
      target: {
        ...addressFlags.target,
        brief: 'Only at this runtime, as "targets" shows it (again for more)',
      },
      wait: waitFlags.wait,
      timeout: waitFlags.timeout,
      ...placeFlags,
      ...jsonFlag,
    },
    positional: pushArgument,
  },
  loader: lazily(async () => (await import('../retry/run-retry.ts')).runRetry),
});
