import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync } from 'node:fs';
import { link, mkdir, open, realpath, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';

import { folderIdentity } from '../project/folder-identity.ts';
import { isIgnored, kindAt, type Ignore } from '../transform/project-scan.ts';
import { contentDigest } from '../transform/content-digest.ts';
import { unlessMissing } from '../timelines/unless-missing.ts';

/** A file of a project that is to say something else, as long as it still says what it did. */
export interface Replacement {
  readonly root: string;
  /** Which folder that was when the work on it began: what was put in its place since is not written to. */
  readonly folder: string | undefined;
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
export const replaceFile = async ({
  root,
  folder: begun,
  path,
  ignore,
  from,
  to,
}: Replacement): Promise<Replaced> => {
  if (begun === undefined || folderIdentity(root) !== begun) return 'outside';
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

/**
 * No system that we run on puts one file in another's place only if that still says something. So what is there gets a second
 * name first, by which it is looked at afterwards: whatever was saved until then, into the file or in its place, is put back.
 * Between the naming and the replacing there is nothing else.
 */
const writeOver = async (file: string, from: string, to: Uint8Array): Promise<Replaced> => {
  const { mode } = await stat(file);
  const draft = await draftBeside(file, to, mode);
  const kept = besides(file);
  try {
    if (!saysNow(file, from)) return 'changed';
    const isKept = linked(file, kept);
    renameSync(draft, file);
    if (!isKept || saysNow(kept, from)) return 'replaced';
    renameSync(kept, file);
    return 'changed';
  } catch (error) {
    if (isMissing(error)) return 'changed';
    throw error;
  } finally {
    await Promise.all([rm(draft, { force: true }), rm(kept, { force: true })]);
  }
};

/** Not every file system has second names. */
const linked = (file: string, kept: string): boolean => {
  try {
    linkSync(file, kept);
    return true;
  } catch (error) {
    if (isMissing(error)) throw error;
    return false;
  }
};

const saysNow = (file: string, digest: string): boolean => contentDigest(readFileSync(file)) === digest;

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

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

/** It is moved away first: what was saved in the last moment is moved back. */
const removeFile = async (file: string, from: string): Promise<Replaced> => {
  const aside = besides(file);
  try {
    if (!saysNow(file, from)) return 'changed';
    renameSync(file, aside);
  } catch (error) {
    if (isMissing(error)) return 'changed';
    throw error;
  }
  if (saysNow(aside, from)) {
    await unlink(aside);
    return 'replaced';
  }
  // Whoever has made the file anew meanwhile has the last word.
  await link(aside, file).catch(() => undefined);
  await unlink(aside);
  return 'changed';
};

/** Its name begins with a dot, and so is none of the project's. */
const besides = (file: string): string =>
  join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`);

const draftBeside = async (file: string, bytes: Uint8Array, mode: number): Promise<string> => {
  const draft = besides(file);
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
