import { buildCommand, buildRouteMap } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { TargetsFlags, TargetsRemoveFlags } from './flags.ts';
import { lazily } from './command.ts';
import { withFoldedHelp } from './folded-help.ts';
import { jsonFlag, placeFlags } from './shared-flags.ts';

const list = buildCommand<TargetsFlags, [], CliContext>({
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

const remove = buildCommand<TargetsRemoveFlags, [string], CliContext>({
  docs: {
    brief: 'Remove a runtime that will not return',
    fullDescription: [
      'Withdraws the credential of a runtime, for good: it gets no push any more, and none waits for it. All instances that share the credential go with it; to come back, one has to join anew. It is for admins, and asks first.',
      '',
      'Examples:',
      '  cd-cli targets remove 7c9e6679',
      '  cd-cli targets remove till --yes --json      without being asked',
    ].join('\n'),
  },
  parameters: {
    flags: {
      yes: { kind: 'boolean', brief: 'Remove it without being asked', default: false, withNegated: false },
      mode: placeFlags.mode,
      data: placeFlags.data,
      ...jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'A runtime, as "targets" shows it', placeholder: 'runtime' }],
    },
  },
  loader: lazily(async () => (await import('../sync/run-targets-remove.ts')).runTargetsRemove),
});

export const targets = buildRouteMap({
  routes: { list: withFoldedHelp(list), remove: withFoldedHelp(remove) },
  defaultCommand: 'list',
  docs: {
    brief: 'List the runtimes that a push would reach, or remove one',
    fullDescription: [
      'The runtimes of this project’s module and environment, connected or away, as --target takes them.',
      '',
      'Examples:',
      '  cd-cli targets                       who would get a push',
      '  cd-cli targets list --all            of other modules and environments, too',
      '  cd-cli targets remove 7c9e6679       it will not return',
    ].join('\n'),
  },
});
