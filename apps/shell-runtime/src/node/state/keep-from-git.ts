import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isKept } from './owner-only.ts';

/**
 * Keeps key and credential from being committed with the project that a state folder may lie in. A folder that holds
 * other things is left alone, as is a .gitignore that is there: it may be the project's own.
 */
export const keepFromGit = async (dir: string): Promise<void> => {
  const names = await readdir(dir);
  if (names.every((name) => name === 'lock' || isKept(name)))
    await writeFile(join(dir, '.gitignore'), '*\n', { mode: 0o600 });
};
