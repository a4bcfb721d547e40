import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { BaseEntry } from '../transform/base-entry.ts';

/** What a page's code imports by bare names, as files that a browser can load. */
export interface PagePackages {
  /** Bare name to address, relative to the base's root: `packages` of `cd-push.base.json`. */
  readonly urls: Readonly<Record<string, string>>;
  /** Texts by path below the base's root. What is under a path never changes. */
  readonly files: ReadonlyMap<string, string>;
}

/** An installed package under the name by which code imports it or a part of it. */
export interface InstalledPackage {
  readonly name: string;
  /** Of its manifest; tells one installation from the next. */
  readonly version: string;
}

/** Folder of the files; nothing of a project is served there. */
const folder = '_cd/packages';

/** The packages that the code imports to which an entry leads, as far as they are installed, sorted by name. */
export const importedPackages = (
  root: string,
  entries: readonly BaseEntry[],
  entry: string,
): readonly InstalledPackage[] => {
  const known = new Map(entries.map(({ resource, imports }) => [resource, imports]));
  const reached = new Set([entry]);
  const names = new Set<string>();
  // A set that is walked takes in what is added meanwhile.
  for (const resource of reached) {
    for (const target of Object.values(known.get(resource) ?? {})) {
      if (target.startsWith('/')) reached.add(target);
      else if (!/^[a-z][a-z\d+.-]*:/iu.test(target)) names.add(target);
    }
  }
  return [...names]
    .toSorted()
    .map((name) => installedAs(root, name))
    .filter((found) => found !== undefined);
};

/**
 * Makes one file for each name, and more for what they share: whoever imports a package and a part of it gets one
 * instance of both.
 *
 * @throws Error what the bundler says of a package that browsers cannot run.
 */
export const bundlePackages = async (
  root: string,
  packages: readonly InstalledPackage[],
): Promise<PagePackages> => {
  if (packages.length === 0) return { urls: {}, files: new Map() };
  // Loaded for those who need it: it takes longer than everything else that a command starts with.
  const { rolldown } = await import('rolldown');
  await using build = await rolldown({
    cwd: root,
    input: Object.fromEntries(packages.map(({ name }) => [fileNameOf(name), name])),
    platform: 'browser',
    logLevel: 'silent',
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  });
  const { output } = await build.generate({
    format: 'esm',
    entryFileNames: `${folder}/[name]-[hash].js`,
    chunkFileNames: `${folder}/[name]-[hash].js`,
  });
  const chunks = output.filter((one) => one.type === 'chunk');
  const urls = packages.flatMap(({ name }) => {
    const entry = chunks.find((chunk) => chunk.isEntry && chunk.name === fileNameOf(name));
    return entry === undefined ? [] : [[name, entry.fileName] as const];
  });
  return {
    urls: Object.fromEntries(urls),
    files: new Map(chunks.map(({ fileName, code }) => [fileName, code])),
  };
};

/** `@scope/name/part` as one segment. */
const fileNameOf = (name: string): string => name.replace(/^@/u, '').replaceAll('/', '.');

const installedAs = (root: string, name: string): InstalledPackage | undefined => {
  const ofPackage = name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
  for (let at = root; ; at = dirname(at)) {
    const file = join(at, 'node_modules', ofPackage, 'package.json');
    if (existsSync(file)) return { name, version: versionIn(file) };
    if (dirname(at) === at) return undefined;
  }
};

const versionIn = (file: string): string => {
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const isNamed = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isNamed ? String(manifest.version) : '';
};
