import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { LoginFlags } from './flags.ts';
import { lazily, type NoFlags } from './command.ts';
import { jsonFlag } from './shared-flags.ts';

const url = {
  parse: String,
  brief: 'Address of the api; the configured one by default',
  placeholder: 'url',
  optional: true,
} as const;

export const login = buildCommand<LoginFlags, [string?], CliContext>({
  docs: {
    brief: 'Sign in, with a key of this machine’s own',
    customUsage: ['[<url>]'],
    fullDescription: [
      'Signs in and keeps the session for the commands that follow. The password is asked for without echo, or read from a pipe; it is never an argument. A key pair is made at the first time and kept in your configuration folder for you alone.',
      '',
      'Examples:',
      '  cd-cli login https://api.example',
      '  cd-cli login https://api.example --user ada < password.txt',
    ].join('\n'),
  },
  parameters: {
    flags: {
      user: {
        kind: 'parsed',
        parse: String,
        brief: 'User name; asked for otherwise',
        optional: true,
        placeholder: 'name',
      },
      ...jsonFlag,
    },
    positional: { kind: 'tuple', parameters: [url] },
  },
  loader: lazily(async () => (await import('../credentials/run-login.ts')).runLogin),
});

export const logout = buildCommand<NoFlags, [string?], CliContext>({
  docs: { brief: 'End the session here and at the api', customUsage: ['[<url>]'] },
  parameters: { flags: {}, positional: { kind: 'tuple', parameters: [url] } },
  loader: lazily(async () => {
    const { runLogout } = await import('../credentials/run-login.ts');
    return (context: CliContext, _flags: NoFlags, address?: string) => runLogout(context, address);
  }),
});
