import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { BuildFlags } from '../commands/flags.ts';
import { openProject } from '../project/open-project.ts';
import { namedFolder } from '../settings/find-project.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { urlOf, type Base } from '../transform/base.ts';
import { bundlePackages, importedPackages, type PagePackages } from '../packages/page-packages.ts';
import { pageFiles } from './page-files.ts';

/** `build <dir> --out <dir>`: the project as files for any static host, with the manifest that runtimes know it by. */
export const runBuild = async (context: CliContext, flags: BuildFlags, folder?: string): Promise<void> => {
  const from = namedFolder(context.cwd, folder);
  const out = resolve(context.cwd, flags.out);
  const { settings } = await loadSettings(
    context,
    {
      apiUrl: flags.apiUrl,
      ...(flags.environment === undefined ? {} : { environment: flags.environment }),
    },
    from,
  );
  const below = relative(settings.root, out);
  const isInside = below === '' || (below !== '..' && !below.startsWith(`..${sep}`));
  // What is built would be part of the next build.
  const exclude =
    isInside && below !== '' ? [...settings.exclude, `/${below.split(sep).join('/')}/`] : settings.exclude;
  if (below === '')
    throw usageError('The project would be built over itself.', 'Name another folder: --out dist');
  const base = openProject({ ...settings, exclude });
  const faults = base.problems();
  if (faults.length > 0) {
    throw new CliError(
      faults.map(({ detail, title, frame }) => `invalid-patch: ${detail ?? title}\n${frame}`).join('\n\n'),
      {
        next: 'Nothing was written. Correct the files and build again.',
      },
    );
  }
  const page = await pageFiles(settings, base, flags);
  const packages = await packagesOf(settings.root, base, page?.facts.entry);
  const write = (path: string, body: string | Uint8Array): void => {
    const file = join(out, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, body);
  };
  for (const entry of base.entries()) {
    const body = entry.content ?? base.bytesOf(entry.resource);
    if (body === undefined)
      throw new CliError(`${entry.resource} changed while it was built.`, { next: 'Build again.' });
    write(decodeURI(urlOf(entry)), body);
    if (entry.map !== undefined && entry.mapDigest !== undefined)
      write(`_cd/${entry.mapDigest}.map`, entry.map);
  }
  for (const [path, text] of Object.entries(page?.files ?? {})) write(path, text);
  for (const [path, text] of packages.files) write(path, text);
  // Last: whoever finds the manifest finds all that it names.
  const manifest = base.manifest();
  const all = page === undefined ? manifest : { ...manifest, packages: packages.urls };
  write('cd-push.base.json', `${JSON.stringify(all, undefined, 2)}\n`);
  const count = Object.keys(manifest.resources).length;
  if (flags.json)
    printJson(context, {
      type: 'built',
      out,
      module: manifest.module,
      base: manifest.base,
      resources: count,
      page: page?.facts ?? null,
    });
  const talk = new Talk(context);
  talk.say(`Built ${count} files of ${manifest.module} to ${out} (base ${manifest.base}).`);
  if (page === undefined) return;
  talk.say(
    `The page belongs to ${page.facts.apiUrl}; api and relay must allow the origin that it is served from.`,
  );
  talk.say('A browser joins by opening it with #join=CODE once: cd-cli join-code --mode remote');
};

/** What the page's code imports by bare names; programs in Node find their packages themselves. */
const packagesOf = async (root: string, base: Base, entry: string | undefined): Promise<PagePackages> => {
  try {
    return await bundlePackages(
      root,
      entry === undefined ? [] : importedPackages(root, base.entries(), entry),
    );
  } catch (error) {
    throw new CliError(
      `A package that the page imports cannot run in a browser: ${error instanceof Error ? error.message : String(error)}`,
      { next: 'Nothing was written. Import something else, or name it in the page’s own import map.' },
    );
  }
};
