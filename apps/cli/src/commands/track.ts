import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { TrackFlags } from './flags.ts';
import { lazily } from './command.ts';
import { jsonFlag, placeFlags } from './shared-flags.ts';

export const track = buildCommand<TrackFlags, [string], CliContext>({
  docs: {
    brief: 'Show where a push stands at each recipient',
    fullDescription: [
      'Shows when a push was relayed, pushed, delivered and completed at each recipient, in milliseconds since it came about.',
      'Exits 0 while nothing went wrong, 3 if a recipient failed.',
      '',
      'Example:',
      '  cd-cli track 4f0c6a52-6a39-4b3e-9c5f-0b7a4d1f2e11',
    ].join('\n'),
  },
  parameters: {
    flags: { ...placeFlags, ...jsonFlag },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'Guid of the push', placeholder: 'guid' }],
    },
  },
  loader: lazily(async () => (await import('../sync/run-track.ts')).runTrack),
});
