import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { OperationFlags, SayFlags } from './flags.ts';
import { lazily } from './command.ts';
import {
  addressFlags,
  awayHelp,
  exitCodeHelp,
  jsonFlag,
  placeFlags,
  proposeFlag,
  waitFlags,
} from './shared-flags.ts';

const flags = { ...placeFlags, ...addressFlags, ...waitFlags, ...jsonFlag } as const;

export const notify = buildCommand<SayFlags, string[], CliContext>({
  docs: {
    brief: 'Show a notice to the people in front of the runtimes',
    fullDescription: [
      'Example:',
      '  cd-cli notify "The shop closes in five minutes" --label floor=3',
      '',
      awayHelp,
      '',
      exitCodeHelp,
    ].join('\n'),
  },
  parameters: {
    flags,
    positional: { kind: 'array', parameter: { parse: String, brief: 'What to say', placeholder: 'message' } },
  },
  loader: lazily(async () => (await import('../sync/run-say.ts')).runNotify),
});

export const run = buildCommand<OperationFlags, [string, string?], CliContext>({
  docs: {
    brief: 'Run an operation that the app registered, in each runtime',
    customUsage: ['<operation> [<json>]'],
    fullDescription: [
      'Runs what the app registered by runtime.command(name, …), and waits for its result at each runtime.',
      '',
      'Examples:',
      '  cd-cli run reload-prices',
      `  cd-cli run set-theme '{"dark":true}' --target 7c9e6679`,
      '',
      exitCodeHelp,
    ].join('\n'),
  },
  parameters: {
    flags: { ...flags, ...proposeFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: String, brief: 'Name of the operation', placeholder: 'operation' },
        { parse: String, brief: 'Its arguments as JSON', placeholder: 'json', optional: true },
      ],
    },
  },
  loader: lazily(async () => (await import('../sync/run-say.ts')).runOperation),
});
