/**
 * Makes what a page loads: dist/browser/cd-push-runtime.js, one file with everything in it, and the same without its
 * connection, whose size says what the runtime itself costs. Prints their sizes.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { rolldown, type Plugin } from 'rolldown';

export interface Bundle {
  readonly name: string;
  readonly code: string;
  readonly map: string;
  readonly gzipBytes: number;
  /** What is left to be loaded besides. */
  readonly imports: readonly string[];
}

const source = (path: string): string => fileURLToPath(new URL(`../src/${path}`, import.meta.url));
const outDir = fileURLToPath(new URL('../dist/browser/', import.meta.url));

/** Entries below src, by the name of their bundle. */
export const entries = {
  'cd-push-runtime.js': 'index.ts',
  'cd-push-runtime-core.js': 'browser/start-page.ts',
} as const;

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

export const bundle = async (name: keyof typeof entries): Promise<Bundle> => {
  const build = await rolldown({
    input: source(entries[name]),
    platform: 'browser',
    plugins: [pureSchemas],
    // Schemas are composed by spreading others.
    treeshake: { propertyReadSideEffects: false },
  });
  try {
    const { output } = await build.generate({
      format: 'esm',
      minify: true,
      sourcemap: true,
      codeSplitting: false,
      entryFileNames: name,
    });
    const [{ code, map, imports, dynamicImports }] = output;
    return {
      name,
      code,
      map: JSON.stringify(map),
      gzipBytes: gzipSync(code, { level: 9 }).length,
      imports: [...imports, ...dynamicImports],
    };
  } finally {
    await build.close();
  }
};

if (import.meta.main) {
  await mkdir(outDir, { recursive: true });
  for (const name of ['cd-push-runtime.js', 'cd-push-runtime-core.js'] as const) {
    const { code, map, gzipBytes } = await bundle(name);
    await Promise.all([writeFile(outDir + name, code), writeFile(`${outDir}${name}.map`, map)]);
    console.log(
      `${name}: ${(code.length / 1000).toFixed(1)} kB, ${(gzipBytes / 1000).toFixed(1)} kB gzipped`,
    );
  }
}
