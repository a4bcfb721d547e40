import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where the runtime's package keeps its bundle for pages. */
const bundlePath = 'dist/browser/cd-push-runtime.js';

/** Reads the runtime that the project depends on, so that page and Node service run the same one. */
export const runtimeBundle = async (root: string): Promise<string | undefined> => {
  try {
    const manifest = createRequire(join(root, 'package.json')).resolve('@cd-push/shell-runtime/package.json');
    return await readFile(join(dirname(manifest), bundlePath), 'utf8');
  } catch {
    // Not installed, or without the bundle: the page is told.
    return undefined;
  }
};
