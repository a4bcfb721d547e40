import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where the runtime's package keeps what pages load. The files import each other, so they are served in one folder. */
const bundleFolder = 'dist/page';

/**
 * The runtime that the project depends on, so that page and Node service run the same one: texts by file name, of which
 * `runtime.js` is the one to import.
 */
export const runtimeBundle = async (root: string): Promise<ReadonlyMap<string, string> | undefined> => {
  try {
    const manifest = createRequire(join(root, 'package.json')).resolve('@cd-push/shell-runtime/package.json');
    const folder = join(dirname(manifest), bundleFolder);
    const read = async (name: string) => [name, await readFile(join(folder, name), 'utf8')] as const;
    const files = new Map(await Promise.all((await readdir(folder)).map(read)));
    return files.has('runtime.js') ? files : undefined;
  } catch {
    // Not installed, or without the bundle: the page is told.
    return undefined;
  }
};
