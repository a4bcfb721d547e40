import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { TrackFlags } from './flags.ts';
import { lazily } from './command.ts';
import { jsonFlag, placeFlags, pushArgument } from './shared-flags.ts';

export const track = buildCommand<TrackFlags, [string], CliContext>({
  docs: {
    brief: 'Show where a push stands at each recipient',
    fullDescription: [
      'Shows when a push was relayed, pushed, delivered and completed at each recipient, in milliseconds since it came about. Exits 0 while nothing went wrong, 3 if a recipient failed.',
      '',
      'Examples:',
      '  cd-cli track 4f0c6a52               as "push", "watch" and "history" show it',
      '  cd-cli track 4f0c6a52 --json',
    ].join('\n'),
  },
  parameters: {
    flags: { ...placeFlags, ...jsonFlag },
    positional: pushArgument,
  },
  loader: lazily(async () => (await import('../sync/run-track.ts')).runTrack),
});
