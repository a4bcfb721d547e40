import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { digestOf } from '@cd-push/timeline';

/** Contents by digest, each in a file of its own that is whole or not there. */
export class ContentFolder {
  readonly dir: string;
  /** Paths whose bytes were held against their digest in this process. */
  readonly #verified = new Set<string>();

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(dir: string): Promise<ContentFolder> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return new ContentFolder(dir);
  }

  /** Whether the file is there and has this digest; a power cut may have left it cut. */
  async has(path: string, digest: string): Promise<boolean> {
    if (this.#verified.has(path)) return true;
    const bytes = await readIfThere(path);
    if (bytes === undefined || (await digestOf(bytes)) !== digest) return false;
    this.#verified.add(path);
    return true;
  }

  /** Puts content whose digest was checked in its place. */
  async put(path: string, content: string | Uint8Array): Promise<void> {
    await writeWhole(path, content);
    this.#verified.add(path);
  }

  /** Removes everything but these files and their source maps. */
  async keepOnly(paths: ReadonlySet<string>): Promise<void> {
    const kept = new Set([...paths].flatMap((path) => [basename(path), `${basename(path)}.map`]));
    const names = await readdir(this.dir);
    await Promise.all(
      names
        .filter((name) => !kept.has(name))
        .map((name) => rm(join(this.dir, name), { force: true, recursive: true })),
    );
  }
}

/** What is pushed is not for everybody on the machine. */
const mode = 0o600;

/** Replaces a file in one step; readers in any process see the old or the new. */
export const writeWhole = async (path: string, content: string | Uint8Array): Promise<void> => {
  const draft = `${path}.${process.pid}.${randomUUID()}`;
  await writeFile(draft, content, { mode });
  await rename(draft, path);
};

/** Like {@link writeWhole}, and on the disk when it returns: the file first, then its name. */
export const writeDurably = async (path: string, content: string | Uint8Array): Promise<void> => {
  await writeSynced(path, content);
  await syncFolder(dirname(path));
};

/** Like {@link writeDurably} for one of several files of a folder; {@link syncFolder} then keeps all their names. */
export const writeSynced = async (path: string, content: string | Uint8Array): Promise<void> => {
  const draft = `${path}.${process.pid}.${randomUUID()}`;
  const file = await open(draft, 'w', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
};

/** Windows opens no folders, and keeps names without being asked. */
export const syncFolder = async (dir: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

/** The bytes, or undefined where there is no such file. */
export const readIfThere = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};
