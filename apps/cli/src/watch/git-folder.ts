import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The `.git` folder that a path belongs to; that of a linked worktree is named in a file. Undefined outside of git. */
export const gitFolderOf = (path: string): string | undefined => {
  const candidate = join(path, '.git');
  const stats = statSync(candidate, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return candidate;
  if (stats?.isFile() === true) {
    const [, named] = /^gitdir: (.+)$/mu.exec(readFileSync(candidate, 'utf8')) ?? [];
    return named === undefined ? undefined : resolve(path, named.trim());
  }
  const parent = dirname(path);
  return parent === path ? undefined : gitFolderOf(parent);
};
