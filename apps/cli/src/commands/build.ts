import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { BuildFlags } from './flags.ts';
import { lazily } from './command.ts';
import { jsonFlag } from './shared-flags.ts';

export const build = buildCommand<BuildFlags, [string?], CliContext>({
  docs: {
    brief: 'Write the project as files for any static host',
    fullDescription: [
      'Writes what a runtime loads first: transformed code under its digest, all else under its own name, and a manifest',
      '(cd-push.base.json) by which runtimes know which pushes are built on it.',
      '',
      'Example:',
      '  cd-cli build . --out dist',
    ].join('\n'),
  },
  parameters: {
    flags: {
      out: { kind: 'parsed', parse: String, brief: 'Folder to write to', placeholder: 'folder' },
      ...jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'The project’s folder', placeholder: 'folder', optional: true }],
    },
  },
  loader: lazily(async () => (await import('../build/run-build.ts')).runBuild),
});
