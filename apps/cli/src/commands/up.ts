import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { UpFlags } from './flags.ts';
import { lazily } from './command.ts';
import { acceptEditsFlag, entryFlag, jsonFlag, projectFolder } from './shared-flags.ts';

const portNumber = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_533) throw new SyntaxError(`"${text}" is no port`);
  return port;
};

export const up = buildCommand<UpFlags, [string?], CliContext>({
  docs: {
    brief: 'Run api, relay and the page of this project on this machine',
    fullDescription: [
      'Runs the whole stack in one process, keeps what it must in one folder, and serves the project’s page with its files as they are now. A page takes part with one tag:',
      '  <script type="module" src="/cd-push/boot.js"></script>',
      '',
      'Examples:',
      '  cd-cli up',
      '  cd-cli up examples/hello-shell   the project in another folder',
      '  cd-cli up --watch                pushes what is saved, in the same process',
      '  cd-cli up --host --admin ada     for other machines, too; asks for a password',
      '  cd-cli up --port 8080 --data /tmp/stack',
    ].join('\n'),
  },
  parameters: {
    flags: {
      port: {
        kind: 'parsed',
        parse: portNumber,
        brief: 'Port of the page (the last one or 4700, if it is free)',
        optional: true,
        placeholder: 'port',
      },
      host: {
        kind: 'boolean',
        brief: 'Let other machines in: HTTPS, and no user from the start',
        default: false,
        withNegated: false,
      },
      admin: {
        kind: 'parsed',
        parse: String,
        brief: 'With --host: the admin who signs in; the first time, who is made',
        optional: true,
        placeholder: 'name',
      },
      entry: entryFlag,
      watch: { kind: 'boolean', brief: 'Push what is saved, too', default: false, withNegated: false },
      acceptEdits: acceptEditsFlag,
      environment: {
        kind: 'parsed',
        parse: String,
        brief: 'Environment instead of the configured one',
        optional: true,
        placeholder: 'name',
      },
      data: {
        kind: 'parsed',
        parse: String,
        brief: 'Folder for what the stack keeps',
        optional: true,
        placeholder: 'folder',
      },
      ...jsonFlag,
    },
    positional: projectFolder,
  },
  loader: lazily(async () => (await import('../stack/run-up.ts')).runUp),
});
