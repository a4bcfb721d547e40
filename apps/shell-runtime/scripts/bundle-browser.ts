/**
 * Makes what a page loads, dist/page/: `runtime.js`, which starts the program, and beside it what the runtime loads by
 * itself: `runtime-link.js` (connection and delivery line) at once, the others when they are needed. They import each other
 * by these names, so a host serves all of them in one folder. Prints their sizes.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { rolldown, type OutputChunk, type Plugin } from 'rolldown';
import { minify } from 'terser';

import { helperFile, onlyKindsNamedIn, ownNamespaces, pagePlugins } from './page-plugins.ts';
import { retriedParts } from './retried-parts.ts';

export interface BundleFile {
  readonly name: string;
  readonly code: string;
  readonly map: string;
  readonly gzipBytes: number;
  /** What it loads besides, as written. */
  readonly imports: readonly string[];
}

/** What every page loads as it starts; the rest is loaded when it is needed. */
export const entryFile = 'runtime.js';

const source = (path: string): string => fileURLToPath(new URL(`../src/${path}`, import.meta.url));
const outDir = fileURLToPath(new URL('../dist/page/', import.meta.url));

/** What is loaded by itself lies in a file of its own: source maps with the first failure, morphing with the first template that takes the place of another. */
const fileNames: Readonly<Record<string, string>> = {
  'idiomorph.esm': 'runtime-morph.js',
};

/** Files beside the entry that hold more than one such thing. No start waits for one; what stands first comes first. */
const groups: readonly { readonly name: string; readonly test: RegExp }[] = [
  // With the first push that is more than files which came whole: deltas, contents from the relay, rollbacks to what was
  // served, messages, approvals; and with the first edit that is saved in the page.
  {
    name: 'runtime-seldom',
    test: /\/edits\/(?:saved-edits|running-source|source-in-map)|\/modules\/release|\/browser\/preload|\/record\/set-back|argument-schema|\/line\/(?:as-served|audit-heads|count-approvals|ledger|open-delta|skipped-versions|stored-contents|take-message)|\/link\/content-at-relay|\/client\/dist\/contents\/|\/timeline\/dist\/(?:delta|audit\/signed-head|identity\/(?:approval|open-content))/u,
  },
  // With the first failure.
  { name: 'runtime-stack', test: /\/modules\/(?:map-stack|served-map)|@jridgewell/u },
  // With the first visit of a browser profile.
  { name: 'runtime-first', test: /\/browser\/(?:enrol-here|browser-name)|\/client\/dist\/session\/enrol/u },
  // With the first asset that takes the place of a served one.
  { name: 'runtime-assets', test: /\/components\/(?:assets|media-type|renew-references)/u },
  // With the first thing that people are told.
  { name: 'runtime-notes', test: /\/browser\/overlay/u },
  // At once: connection, signatures, delivery line, and what exchanges modules.
  {
    name: 'runtime-link',
    test: /\/src\/(?:line|link)\/|\/modules\/(?:propagation|run-swap|stage|swap-result|transaction)|\/browser\/(?:joined-link|identity)\.ts|apply-together|\/packages\/(?:client|timeline)\/|\/protocol\/dist\/(?!component-types|ids|not-restored|problem)|typebox|canonicalize|multiformats|(?:socket|engine)\.io/u,
  },
];

/** @returns the files of dist/page, the first of them {@link entryFile}. */
export const bundle = async (): Promise<readonly BundleFile[]> => {
  const modules = (await chunks(pagePlugins, false)).flatMap((chunk) => Object.entries(chunk.modules));
  const named = onlyKindsNamedIn(new Map(modules.map(([id, { code }]) => [id, code ?? ''])));
  const output = await chunks([...pagePlugins, named, ownNamespaces, retriedParts(entryFile)], true);
  return Promise.all(output.filter(({ fileName }) => fileName !== helperFile).map(fileOf));
};

/** The bundler's own minifier leaves functions that are called once, and constants in objects, where they stand. */
const fileOf = async ({ fileName, code, map, imports, dynamicImports }: OutputChunk): Promise<BundleFile> => {
  const name = basename(fileName);
  const minified = await minify(code, {
    module: true,
    compress: { ecma: 2020, passes: 3 },
    // What libraries mark as their own, none of it on the wire but what stands for bytes in a packet of Socket.IO.
    mangle: { properties: { regex: /^_[a-z]/u, reserved: ['_placeholder'] } },
    sourceMap: { url: `${name}.map`, ...(map === null ? {} : { content: JSON.stringify(map) }) },
  });
  if (minified.code === undefined || typeof minified.map !== 'string')
    throw new Error(`${name} came back without code or map.`);
  return {
    name,
    code: minified.code,
    map: minified.map,
    gzipBytes: gzipSync(minified.code, { level: 9 }).length,
    imports: [...imports, ...dynamicImports].filter((one) => one !== helperFile),
  };
};

const chunks = async (plugins: readonly Plugin[], isSmall: boolean): Promise<readonly OutputChunk[]> => {
  const build = await rolldown({
    input: { runtime: source('index.ts') },
    // The other files import from the entry what both need.
    preserveEntrySignatures: 'allow-extension',
    platform: 'browser',
    plugins: [...plugins],
    // Schemas are composed by spreading others.
    treeshake: { propertyReadSideEffects: false },
  });
  try {
    const { output } = await build.generate({
      format: 'esm',
      minify: isSmall,
      comments: false,
      sourcemap: isSmall,
      entryFileNames: entryFile,
      chunkFileNames: ({ name }) => fileNames[name] ?? '[name].js',
      codeSplitting: {
        // Otherwise a group would take along what the start needs, and the start would wait for the group.
        includeDependenciesRecursively: false,
        groups: groups.map((group, index) => ({ ...group, priority: groups.length - index })),
      },
    });
    return output.filter((one) => one.type === 'chunk');
  } finally {
    await build.close();
  }
};

if (import.meta.main) {
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  for (const { name, code, map, gzipBytes } of await bundle()) {
    await Promise.all([writeFile(outDir + name, code), writeFile(`${outDir}${name}.map`, map)]);
    console.log(
      `${name}: ${(code.length / 1000).toFixed(1)} kB, ${(gzipBytes / 1000).toFixed(1)} kB gzipped`,
    );
  }
}
