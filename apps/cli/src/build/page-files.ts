import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CliError, usageError } from '../cli-error.ts';
import type { BuildFlags } from '../commands/flags.ts';
import { bootScript, type BootFacts } from '../page/boot-script.ts';
import { entryOf } from '../page/entry-of.ts';
import { runtimeBundle } from '../page/runtime-bundle.ts';
import type { Settings } from '../settings/load-settings.ts';
import { discoverRelay } from '../sync/discover-relay.ts';
import type { Base } from '../transform/base.ts';

/** What a page needs beside the project's own files, by path. */
export interface PageFiles {
  readonly facts: BootFacts;
  readonly files: Readonly<Record<string, string>>;
}

/**
 * The files that the page's one tag asks for; undefined where no page of the project has that tag.
 *
 * @throws CliError where it is not known which api and relay the page belongs to, or the runtime is not installed.
 */
export const pageFiles = async (
  settings: Settings,
  base: Base,
  flags: BuildFlags,
): Promise<PageFiles | undefined> => {
  if (!isBooted(settings)) return undefined;
  const remote = settings.relays.remote;
  if (remote === undefined) {
    throw usageError(
      'The page must know the api at which it joins and the relay that its pushes come through.',
      'Set relays.remote in cd-push.config.ts, or give --api-url https://api.example',
    );
  }
  const entry = entryOf(settings, flags.entry);
  if (!base.entries().some(({ resource }) => resource === entry))
    throw usageError(
      `The page starts with ${entry}, which is no file of the project.`,
      'Name it: --entry src/app.ts',
    );
  const runtime = await runtimeBundle(settings.root);
  if (runtime === undefined) {
    throw new CliError('The browser runtime was not found.', {
      next: 'Add @cd-push/shell-runtime to the project and install.',
    });
  }
  const facts: BootFacts = {
    apiUrl: remote.apiUrl,
    relayUrl: flags.relayUrl ?? remote.relayUrl ?? (await discoverRelay(remote.apiUrl)),
    // From cd-push/boot.js.
    baseUrl: '../',
    module: settings.module,
    environment: settings.environment,
    entry,
  };
  return {
    facts,
    files: {
      ...Object.fromEntries([...runtime].map(([name, text]) => [`cd-push/${name}`, text])),
      'cd-push/boot.json': `${JSON.stringify(facts, undefined, 2)}\n`,
      'cd-push/boot.js': bootScript,
    },
  };
};

/** Whether the page takes part by the tag; one that starts its runtime itself has no use for these files. */
const isBooted = ({ root }: Settings): boolean => {
  try {
    return readFileSync(join(root, 'index.html'), 'utf8').includes('cd-push/boot.js');
  } catch {
    // No page at all: what is built is for Node programs.
    return false;
  }
};
