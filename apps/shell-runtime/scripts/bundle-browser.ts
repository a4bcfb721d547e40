/**
 * Makes what a page loads, dist/page/: `runtime.js`, which starts the program, and beside it what the runtime loads by
 * itself: `runtime-link.js` (connection and delivery line, at once) and `runtime-stack.js` (source maps, with the first
 * failure). They import each other by these names, so a host serves all of them in one folder. Prints their sizes.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { rolldown, type Plugin } from 'rolldown';

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

/**
 * Schemas are values: making one has no effect. A bundler cannot see that of a call, and would keep every schema, and with
 * them all that makes schemas, for the sake of one constant beside them.
 */
const pureSchemas: Plugin = {
  name: 'pure-schemas',
  transform: {
    filter: { id: /\/packages\/(?:protocol|client)\/dist\/.*\.js$/ },
    handler: (code) => ({
      code: code.replaceAll(/\bType\.\w+\(/g, (call) => `/* @__PURE__ */ ${call}`),
      map: null,
    }),
  },
};

/** The client speaks WebSocket alone; Engine.IO would bring its other transports along all the same. */
const onlyWebSocket: Plugin = {
  name: 'only-websocket',
  transform: {
    filter: { id: /\/engine\.io-client\/build\/esm\/transports\/index\.js$/ },
    handler: () => ({
      code: `import { WS } from './websocket.js';\nexport const transports = { websocket: WS };\n`,
      map: null,
    }),
  },
};

/** What is not text comes as the bytes of a WebSocket's own frames, never as base64, for which long polling has a use. */
const noBase64: Plugin = {
  name: 'no-base64',
  transform: {
    filter: { id: /\/engine\.io-parser\/build\/esm\/contrib\/base64-arraybuffer\.js$/ },
    handler: () => ({ code: 'export const decode = () => new ArrayBuffer(0);\n', map: null }),
  },
};

/** A runtime pushes nothing, so that the check of the answer to a push is of no use in a page. */
const noPushes: Plugin = {
  name: 'no-pushes',
  transform: {
    filter: { id: /\/packages\/client\/dist\/connection\/answers\.js$/ },
    handler: (code) => ({ code: code.replace('isPushAnswer(answer)', 'false'), map: null }),
  },
};

/** Long polling registers itself with the page where it is loaded; nobody uses it here. */
const noLongPolling: Plugin = {
  name: 'no-long-polling',
  transform: {
    filter: { id: /\/engine\.io-client\/build\/esm\/transports\/polling-xhr\.js$/ },
    handler: (code) => ({ code, map: null, moduleSideEffects: false }),
  },
};

/** Names a script in a wrapper as its file for browsers, for which a bundler adds a loader; the same as a module lies beside it. */
const unwrapped: Plugin = {
  name: 'unwrapped',
  load: {
    filter: { id: /\/resolve-uri\.umd\.js$/ },
    handler: (id) => readFile(id.replace('.umd.js', '.mjs'), 'utf8'),
  },
};

/** Files beside the entry, by what is in them. No start waits for one; what stands first comes first. */
const groups: readonly { readonly name: string; readonly test: RegExp }[] = [
  // With the first failure.
  { name: 'runtime-stack', test: /@jridgewell|\/modules\/map-stack/u },
  // With the first template that is there already.
  { name: 'runtime-morph', test: /idiomorph/u },
  // With the first push that is more than files which came whole: packs, deltas, contents from the relay, rollbacks to what was
  // served, messages, approvals; and with the first edit that is saved in the page.
  {
    name: 'runtime-seldom',
    test: /\/edits\/saved-edits|argument-schema|\/line\/(?:as-served|count-approvals|ledger|open-delta|stored-contents|take-message)|\/link\/seldom-needed|\/client\/dist\/(?:contents\/|connection\/unpacked)|\/timeline\/dist\/(?:pack|delta|identity\/(?:approval|open-content))/u,
  },
  // At once: connection, signatures, delivery line.
  {
    name: 'runtime-link',
    test: /\/src\/(?:line|link)\/|\/browser\/(?:joined-link|identity|keep-trying|browser-name)\.ts|apply-together|\/packages\/(?:client|timeline)\/|\/protocol\/dist\/(?!component-types|ids|not-restored|problem)|typebox|canonicalize|(?:socket|engine)\.io/u,
  },
];

/** @returns the files of dist/page, the first of them {@link entryFile}. */
export const bundle = async (): Promise<readonly BundleFile[]> => {
  const build = await rolldown({
    input: { runtime: source('index.ts') },
    // The other files import from the entry what both need.
    preserveEntrySignatures: 'allow-extension',
    platform: 'browser',
    plugins: [pureSchemas, onlyWebSocket, noBase64, noLongPolling, noPushes, unwrapped],
    // Schemas are composed by spreading others.
    treeshake: { propertyReadSideEffects: false },
  });
  try {
    const { output } = await build.generate({
      format: 'esm',
      minify: true,
      comments: false,
      sourcemap: true,
      entryFileNames: entryFile,
      chunkFileNames: '[name].js',
      codeSplitting: {
        // Otherwise a group would take along what the start needs, and the start would wait for the group.
        includeDependenciesRecursively: false,
        groups: groups.map((group, index) => ({ ...group, priority: groups.length - index })),
      },
    });
    return output
      .filter((one) => one.type === 'chunk')
      .map(({ fileName, code, map, imports, dynamicImports }) => ({
        name: basename(fileName),
        code,
        map: JSON.stringify(map),
        gzipBytes: gzipSync(code, { level: 9 }).length,
        imports: [...imports, ...dynamicImports],
      }));
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
