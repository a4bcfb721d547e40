import { buildCommand, numberParser } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { JoinCodeFlags } from './flags.ts';
import { lazily } from './command.ts';
import { count, duration, jsonFlag, placeFlags } from './shared-flags.ts';

export const joinCode = buildCommand<JoinCodeFlags, [], CliContext>({
  docs: {
    brief: 'Make a code by which a runtime joins',
    fullDescription: [
      'A runtime that starts with this code gets a credential of its own for this project’s module and environment. The code alone goes to stdout; how to use it is told besides.',
      '',
      'Example:',
      '  CODE=$(cd-cli join-code --label floor=3 --uses 10 --ttl 30m)',
      '  cd-cli join-code --environment production --approvals 1',
      '      nothing runs there that nobody else approved of',
    ].join('\n'),
  },
  parameters: {
    flags: {
      uses: {
        kind: 'parsed',
        parse: numberParser,
        brief: 'How many runtimes may join by it',
        default: '1',
        placeholder: 'count',
      },
      ttl: {
        kind: 'parsed',
        parse: duration,
        brief: 'How long it holds: 3600, 30m',
        default: '60m',
        placeholder: 'time',
      },
      label: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'Label of those who join (again for more)',
        placeholder: 'name=value',
      },
      group: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'Group of those who join (again for more)',
        placeholder: 'name',
      },
      approvals: {
        kind: 'parsed',
        parse: count(0, 16),
        brief: 'How many other people have to approve of what is pushed to those who join, for good',
        default: '0',
        placeholder: 'count',
      },
      ...placeFlags,
      ...jsonFlag,
    },
  },
  loader: lazily(async () => (await import('../stack/run-join-code.ts')).runJoinCode),
});
