import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, realpath, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';

import { isIgnored, kindAt, type Ignore } from '../transform/project-scan.ts';
import { contentDigest } from '../transform/content-digest.ts';
import { unlessMissing } from '../timelines/unless-missing.ts';

/** A file of a project that is to say something else, as long as it still says what it did. */
export interface Replacement {
  readonly root: string;
  /** Below the root, with `/`. */
  readonly path: string;
  readonly ignore: Ignore;
  /** Digest of what it says; null where there is no file. */
  readonly from: string | null;
  /** Null where there shall be no file. */
  readonly to: Uint8Array | null;
}

/** `changed`: it says something else than was expected. `outside`: it is none of the project's files, or a way out of it. */
export type Replaced = 'replaced' | 'changed' | 'outside';

/**
 * Puts a file's new text in place at once, so that nobody ever sees half of it, and keeps its mode. What a symbolic link within
 * the project leads to is replaced where it lies.
 */
export const replaceFile = async ({ root, path, ignore, from, to }: Replacement): Promise<Replaced> => {
  const top = await realpath(root);
  if (from === null) {
    if (to === null) return 'replaced';
    const folder = await ownFolder(top, path, ignore);
    return folder === undefined ? 'outside' : makeFile(join(folder, basename(path)), to);
  }
  if (kindAt(root, path, ignore) !== 'file' || isIgnored(ignore, path)) {
    return (await unlessMissing(stat(join(root, path)))) === undefined ? 'changed' : 'outside';
  }
  const file = await realpath(join(root, path));
  return to === null ? removeFile(file, from) : writeOver(file, from, to);
};

const writeOver = async (file: string, from: string, to: Uint8Array): Promise<Replaced> => {
  const { mode } = await stat(file);
  const draft = await draftBeside(file, to, mode);
  try {
    // Looked at last, so that hardly anything can come in between.
    if (!(await says(file, from))) return 'changed';
    await rename(draft, file);
    return 'replaced';
  } finally {
    await rm(draft, { force: true });
  }
};

/** A name that is taken meanwhile is left to whoever took it. */
const makeFile = async (file: string, to: Uint8Array): Promise<Replaced> => {
  const draft = await draftBeside(file, to, 0o666 & ~process.umask());
  try {
    await link(draft, file);
    return 'replaced';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'changed';
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

const removeFile = async (file: string, from: string): Promise<Replaced> => {
  if (!(await says(file, from))) return 'changed';
  await unlink(file);
  return 'replaced';
};

const says = async (file: string, digest: string): Promise<boolean> => {
  const bytes = await unlessMissing(readFile(file));
  return bytes !== undefined && contentDigest(bytes) === digest;
};

/** Its name begins with a dot, and so is none of the project's. */
const draftBeside = async (file: string, bytes: Uint8Array, mode: number): Promise<string> => {
  const draft = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
  const opened = await open(draft, 'wx', 0o600);
  try {
    await opened.writeFile(bytes);
    await opened.chmod(mode & 0o7777);
    await opened.sync();
  } finally {
    await opened.close();
  }
  return draft;
};

/** The folder that a new file belongs to, made where it is missing; undefined where that would be outside of the project. */
const ownFolder = async (top: string, path: string, ignore: Ignore): Promise<string | undefined> => {
  if (isIgnored(ignore, path) || path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return undefined;
  let folder = top;
  for (const part of path.split('/').slice(0, -1)) {
    const next = join(folder, part);
    const found = await unlessMissing(realpath(next));
    if (found === undefined) await mkdir(next);
    folder = found ?? next;
    const below = relative(top, folder);
    if (below === '..' || below.startsWith(`..${sep}`)) return undefined;
    if (below !== '' && isIgnored(ignore, below.split(sep).join('/'))) return undefined;
  }
  return folder;
};
