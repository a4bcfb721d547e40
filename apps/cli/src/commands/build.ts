import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import type { BuildFlags } from './flags.ts';
import { lazily } from './command.ts';
import { entryFlag, httpUrl, jsonFlag, projectFolder } from './shared-flags.ts';

export const build = buildCommand<BuildFlags, [string?], CliContext>({
  docs: {
    brief: 'Write the project as files for any static host',
    fullDescription: [
      'Writes what a runtime loads first: transformed code under its digest, all else under its own name, and a manifest (cd-push.base.json) by which runtimes know which pushes are built on it.',
      '',
      'A page with the tag <script type="module" src="/cd-push/boot.js"></script> gets what it starts with, too; it belongs to the api and relay of relays.remote in cd-push.config.ts. No join code is written: a browser joins by opening the page with #join=CODE once.',
      '',
      'Examples:',
      '  cd-cli build . --out dist',
      '  cd-cli build --out dist --environment production --api-url https://api.example',
    ].join('\n'),
  },
  parameters: {
    flags: {
      out: { kind: 'parsed', parse: String, brief: 'Folder to write to', placeholder: 'folder' },
      apiUrl: {
        kind: 'parsed',
        parse: httpUrl,
        brief: 'Api that the page joins at, instead of the configured one',
        optional: true,
        placeholder: 'url',
      },
      relayUrl: {
        kind: 'parsed',
        parse: httpUrl,
        brief: 'Relay of the page; otherwise the configured one, or the one that the api names',
        optional: true,
        placeholder: 'url',
      },
      environment: {
        kind: 'parsed',
        parse: String,
        brief: 'What the page is, instead of the configured one; it takes join codes for that alone',
        optional: true,
        placeholder: 'name',
      },
      entry: entryFlag,
      ...jsonFlag,
    },
    positional: projectFolder,
  },
  loader: lazily(async () => (await import('../build/run-build.ts')).runBuild),
});
