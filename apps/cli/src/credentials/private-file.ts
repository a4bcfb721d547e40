import {
  closeSync,
  fchmodSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { CliError } from '../cli-error.ts';
import { makePrivateFolder } from './config-folder.ts';

/** Writes a file that only its owner may read, whole or not at all. */
export const writePrivateFile = (path: string, text: string): void => {
  makePrivateFolder(dirname(path));
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    // The mode given at opening is narrowed by the umask, never widened; this states it.
    fchmodSync(file, 0o600);
    writeFileSync(file, text);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
};

/**
 * Reads a file that must be private, or undefined where there is none.
 *
 * @throws CliError if others can read it: what is in it may be known already.
 */
export const readPrivateFile = (path: string): string | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  // Windows has no such bits; its folders below the user's profile are private already.
  if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
    throw new CliError(`${path} holds a secret and can be read by others on this machine.`, {
      next: `If you trust them: chmod 600 ${path}\nIf not: remove it and sign in again with cd-cli login`,
    });
  }
  return readFileSync(path, 'utf8');
};
