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
      else if (isOwnFile(root, below, entry, ignore)) found.push(below);
    }
  };
  visit(folder);
  return found.toSorted();
};

/** A path is ignored with any folder that it lies in. */
export const isIgnored = (ignore: Ignore, path: string): boolean => {
  if (path === '') return false;
  const segments = path.split('/');
  return segments.some((_, index) => ignore(segments.slice(0, index + 1).join('/')));
};

/** The same, asked once for each path: what is asked several times of a path within one turn is answered alike. */
export const askedOnce = (ignore: Ignore): Ignore => {
  const known = new Map<string, boolean>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const isIgnoredHere = ignore(path);
    known.set(path, isIgnoredHere);
    return isIgnoredHere;
  };
};

/** What stands at a path now. Links count where they lead to a file of the program, and there alone. */
export const kindAt = (root: string, path: string, ignore: Ignore): 'file' | 'folder' | 'nothing' => {
  const full = join(root, path);
  const stats = statSync(full, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return isOwn(root, full, ignore) ? 'folder' : 'nothing';
  return stats?.isFile() === true && isOwn(root, full, ignore) ? 'file' : 'nothing';
};

const isOwnFile = (root: string, path: string, entry: Dirent, ignore: Ignore): boolean =>
  entry.isFile() || (entry.isSymbolicLink() && kindAt(root, path, ignore) === 'file');

/** Whether what a path really leads to lies in the project, and is not something that is never pushed. */
const isOwn = (root: string, full: string, ignore: Ignore): boolean => {
  const path = relative(realpathSync.native(root), realpathSync.native(full));
  if (path === '..' || path.startsWith(`..${sep}`)) return false;
  return !isIgnored(ignore, path.split(sep).join('/'));
};
