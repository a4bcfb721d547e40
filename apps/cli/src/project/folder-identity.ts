import { statSync } from 'node:fs';

/**
 * Which folder a path leads to now, whatever it is called: one that was put in its place since is another one. Undefined where
 * there is none.
 */
export const folderIdentity = (path: string): string | undefined => {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isDirectory() === true ? `${stats.dev} ${stats.ino}` : undefined;
};
