import { readdirSync, statSync, watch, type Dirent, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

import { folderIdentity } from '../project/folder-identity.ts';
import type { Ignore } from '../transform/project-scan.ts';

export interface FolderWatcherOptions {
  readonly root: string;
  readonly ignore: Ignore;
  /** A path below the root, with `/`, at which something happened: written, made, renamed or removed. */
  readonly onEvent: (path: string) => void;
  /** What cannot be watched, such as a folder above the system's bound on watches. */
  readonly onError: (error: Error) => void;
}

/**
 * Tells of everything that happens to the files below a folder, within a tenth of a millisecond and without looking at
 * them: one watch for each folder, as a recursive one on Linux goes deaf to a file that was replaced by renaming.
 */
export class FolderWatcher {
  readonly #options: FolderWatcherOptions;
  readonly #watches = new Map<string, FSWatcher>();
  /** Which folder the root was at the beginning. */
  readonly #folder: string | undefined;

  constructor(options: FolderWatcherOptions) {
    this.#options = options;
    this.#folder = folderIdentity(options.root);
    this.#add('');
  }

  /** Folders that are watched. */
  get size(): number {
    return this.#watches.size;
  }

  close(): void {
    for (const watcher of this.#watches.values()) watcher.close();
    this.#watches.clear();
  }

  #add(folder: string): void {
    if (this.#watches.has(folder)) return;
    const entries = this.#start(folder);
    for (const entry of entries) {
      const path = below(folder, entry.name);
      if (entry.isDirectory() && !this.#options.ignore(path)) this.#add(path);
    }
  }

  /** Watches one folder, and only then lists it: what is made in between is seen at least once. */
  #start(folder: string): Dirent[] {
    const full = join(this.#options.root, folder);
    try {
      const watcher = watch(full, (event, name) => {
        if (folder === '' && event === 'rename' && this.#isOtherRoot()) return;
        this.#hear(folder, name);
      });
      watcher.on('error', (error) => {
        this.#remove(folder);
        this.#report(error, folder === '');
      });
      this.#watches.set(folder, watcher);
      return readdirSync(full, { withFileTypes: true });
    } catch (error) {
      this.#remove(folder);
      this.#report(error, folder === '');
      return [];
    }
  }

  /** A root that was moved away goes on to be heard, and is not the project's any more; nor is what took its place. */
  #isOtherRoot(): boolean {
    if (folderIdentity(this.#options.root) === this.#folder) return false;
    this.close();
    this.#options.onError(new Error('its folder was moved, replaced or removed.'));
    return true;
  }

  #hear(folder: string, name: string | null): void {
    // The system tells no name when its queue has run over: anything in the folder may have changed.
    if (name === null) {
      this.#options.onEvent(folder);
      return;
    }
    const path = below(folder, name);
    if (this.#options.ignore(path)) return;
    this.#follow(path);
    this.#options.onEvent(path);
  }

  /** Keeps the watches in step with folders that come and go. */
  #follow(path: string): void {
    const isFolder = isDirectory(join(this.#options.root, path));
    if (isFolder) {
      // It may be another folder under the old one's name: the watch of the old one hears nothing any more.
      this.#remove(path);
      this.#add(path);
    } else if (this.#watches.has(path)) {
      this.#remove(path);
    }
  }

  #remove(folder: string): void {
    for (const [watched, watcher] of this.#watches) {
      if (watched !== folder && !watched.startsWith(`${folder}/`)) continue;
      watcher.close();
      this.#watches.delete(watched);
    }
  }

  #report(error: unknown, isRoot: boolean): void {
    if (!(error instanceof Error)) return;
    // A folder that went away while it was being looked at.
    const isGone =
      'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EPERM');
    if (!isGone || isRoot) this.#options.onError(error);
  }
}

const below = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

const isDirectory = (path: string): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
};
