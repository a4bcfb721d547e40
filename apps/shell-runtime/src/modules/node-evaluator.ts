import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { writeWhole } from '../node/contents/content-folder.ts';
import { loadedModuleOf } from './loaded-module.ts';
import type { ModuleSource } from './module-format.ts';
import type { Evaluator } from './ports.ts';

export interface NodeEvaluatorOptions {
  /** Folder for the contents that are imported; made if it is missing. */
  readonly dir: string;
  /** The project's folder, of which `import.meta.url`, `filename` and `dirname` speak. */
  readonly projectDir: string;
}

export interface NodeEvaluator extends Evaluator {
  /** The source map of a version that was loaded, by digest. */
  readonly mapOf: (digest: string) => Promise<string | undefined>;
}

/** Loads modules from files that are named by their digest, so that a stack's frames say which version they are of. */
export const createNodeEvaluator = ({ dir, projectDir }: NodeEvaluatorOptions): NodeEvaluator => {
  const folder = resolve(dir);
  const imported = new Set<string>();
  const made = mkdir(folder, { recursive: true, mode: 0o700 });

  return {
    async load({ digest, content, url, map }: ModuleSource) {
      if (content === undefined) {
        if (url === undefined) throw new TypeError('A module source has neither content nor URL.');
        return loadedModuleOf(await import(url), 0);
      }
      // Node keeps a module by its URL: the same digest is the same module, and kept once.
      const retained = imported.has(digest) ? 0 : content.length;
      await made;
      const file = join(folder, `${digest}.mjs`);
      const writes = [writeWhole(file, content)];
      if (map !== undefined) writes.push(writeWhole(`${file}.map`, map));
      await Promise.all(writes);
      const loaded = loadedModuleOf(await import(pathToFileURL(file).href), retained);
      imported.add(digest);
      return loaded;
    },

    meta: (resource) => {
      const url = pathToFileURL(join(projectDir, resource.slice(resource.indexOf('/', 1) + 1)));
      const filename = fileURLToPath(url);
      return { url: url.href, filename, dirname: dirname(filename) };
    },

    mapOf: (digest) =>
      readFile(join(folder, `${digest}.mjs.map`), 'utf8').catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }),
  };
};
