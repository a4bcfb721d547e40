import { buildCommand, buildRouteMap } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import { withFoldedHelp } from './folded-help.ts';
import type { PushFlags } from './flags.ts';
import { lazily } from './command.ts';
import {
  addressFlags,
  awayHelp,
  exitCodeHelp,
  jsonFlag,
  placeFlags,
  proposeFlag,
  triggers,
  waitFlags,
} from './shared-flags.ts';

const runtime = buildCommand<PushFlags, string[], CliContext>({
  docs: {
    brief: 'Push files to the runtimes, and see what becomes of them',
    customUsage: ['[<path>...]', '--stdin --resource <name>'],
    fullDescription: [
      'Pushes files of this project as they are on the disk now: one signed push, applied all or nothing. Without paths, all files. A path may be a file, a folder, or a resource name (/module/path).',
      '',
      awayHelp,
      '',
      'Examples:',
      '  cd-cli push runtime src/counter.controller.ts',
      '  cd-cli push runtime src --wait=delivered --timeout=10s',
      '  cd-cli push runtime --json | jq -c .',
      '  echo "{}" | cd-cli push runtime --stdin --resource /shop/src/settings.json',
      '  cd-cli push runtime src --label floor=3 --mode=hybrid',
      '  cd-cli push src --environment production --propose     others approve before it runs',
      '',
      exitCodeHelp,
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...placeFlags,
      ...addressFlags,
      ...waitFlags,
      trigger: {
        kind: 'enum',
        values: triggers,
        brief: 'Trigger to push under (cli; with --stdin ai-agent)',
        optional: true,
      },
      stdin: {
        kind: 'boolean',
        brief: 'Read the text from stdin instead of a file',
        default: false,
        withNegated: false,
      },
      resource: {
        kind: 'parsed',
        parse: String,
        brief: 'With --stdin: the resource it is, /module/path',
        optional: true,
        placeholder: 'name',
      },
      ...proposeFlag,
      ...jsonFlag,
    },
    positional: {
      kind: 'array',
      parameter: { parse: String, brief: 'Files or folders', placeholder: 'path' },
    },
  },
  loader: lazily(async () => (await import('../sync/run-push.ts')).runPush),
});

export const push = buildRouteMap({
  routes: { runtime: withFoldedHelp(runtime) },
  defaultCommand: 'runtime',
  docs: { brief: 'Push files to the runtimes' },
});
