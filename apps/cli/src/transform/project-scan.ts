import { readdirSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Whether a path below the project's folder (with `/`, folders without one at the end) is none of the program's. */
export type Ignore = (path: string) => boolean;

/**
 * What belongs to tools and not to the program: packages, dot-files (`.env` among them), lock files, type declarations
 * and configuration of build tools. Never pushed, never served.
 */
export const ignoreTooling: Ignore = (path) => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (
    name.startsWith('.') ||
    name === 'node_modules' ||
    /^(?:package|package-lock|tsconfig.*|jsconfig)\.json$/u.test(name) ||
    /^(?:pnpm-lock\.yaml|pnpm-workspace\.yaml|yarn\.lock|cd-push\.config\.\w+|cd-push\.base\.json)$/u.test(
      name,
    ) ||
    /\.d\.[cm]?ts$/u.test(name)
  );
};

/** All files below a folder of the project, as paths below the project's own folder, sorted. */
export const scanFiles = (root: string, ignore: Ignore, folder = ''): string[] => {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (ignore(below)) continue;
      if (entry.isDirectory()) visit(below);
      else if (isOwnFile(root, below, entry)) found.push(below);
    }
  };
  visit(folder);
  return found.toSorted();
};

/** What stands at a path now. Links count where they lead to a file within the project, and there alone. */
export const kindAt = (root: string, path: string): 'file' | 'folder' | 'nothing' => {
  const full = join(root, path);
  const stats = statSync(full, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return isWithin(root, full) ? 'folder' : 'nothing';
  return stats?.isFile() === true && isWithin(root, full) ? 'file' : 'nothing';
};

const isOwnFile = (root: string, path: string, entry: Dirent): boolean =>
  entry.isFile() || (entry.isSymbolicLink() && kindAt(root, path) === 'file');

const isWithin = (root: string, full: string): boolean => {
  const path = relative(realpathSync(root), realpathSync(full));
  return path !== '..' && !path.startsWith(`..${sep}`);
};
