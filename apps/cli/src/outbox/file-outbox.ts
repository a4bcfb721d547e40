import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { isOutboxEntry, type Outbox, type OutboxEntry } from '@cd-push/client';

import { makePrivateFolder } from '../credentials/config-folder.ts';
import { tryToLock, type Lock } from '../credentials/exclusively.ts';
import { draftSuffix, syncFolder, writeDurably } from './durable-file.ts';

const lockSuffix = '.lock';
const entrySuffix = '.json';
/** Where files are put that hold no push any more. */
const setAside = 'unreadable';

/**
 * Keeps pushes in a folder that only its owner may look into, on the disk before they are sent. Each process that pushes
 * has a folder of its own in it, with one file for each push, and a lock beside it that ends with the process however that
 * ends: a folder whose lock is free was left behind.
 *
 * A folder is there only after its lock is held, under a name that is used once, and nobody touches a lock that has no
 * folder: its owner may be just beginning. One that is killed at that very moment leaves an empty file.
 *
 * @param warn is told of files that hold no push any more or cannot be read, in a sentence for people.
 */
export const fileOutbox = (folder: string, warn: (sentence: string) => void): Outbox =>
  new FileOutbox(folder, warn);

/** The folder of one process, and that it lives. */
interface Own {
  readonly name: string;
  readonly folder: string;
  readonly lock: Lock;
}

class FileOutbox implements Outbox {
  readonly #folder: string;
  readonly #warn: (sentence: string) => void;
  /** Files by push. */
  readonly #files = new Map<string, string>();
  #own: Promise<Own> | undefined;
  #isClosed = false;

  constructor(folder: string, warn: (sentence: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
  }

  async put(entry: OutboxEntry): Promise<void> {
    if (this.#isClosed) throw new Error('The outbox was closed.');
    const own = await this.#begin();
    const file = this.#files.get(entry.pushGuid) ?? join(own.folder, fileNameOf(entry));
    await writeDurably(file, JSON.stringify(entry));
    this.#files.set(entry.pushGuid, file);
  }

  async remove(pushGuid: string): Promise<void> {
    const file = this.#files.get(pushGuid);
    if (file === undefined) return;
    this.#files.delete(pushGuid);
    // One that comes back after a power cut is sent once more, and the relay recognises it.
    await rm(file, { force: true });
  }

  async claim(): Promise<readonly OutboxEntry[]> {
    const names = await this.#names();
    if (names.length === 0) return [];
    const own = await this.#begin();
    for (const name of names) {
      if (name === own.name) continue;
      await this.#takeOver(name, own).catch((error: unknown) => {
        const left = join(this.#folder, name);
        // One whose folder is gone ended meanwhile, or another one took it over.
        if (existsSync(left)) this.#leave(left, error);
      });
    }
    const entries = await this.#read(own);
    return entries.toSorted((a, b) => a.order - b.order);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const own = await this.#own;
    if (own === undefined) return;
    // A folder that still holds something stays, for the next one.
    const isEmpty = await rmdir(own.folder).then(
      () => true,
      () => false,
    );
    own.lock.release();
    if (isEmpty) await rm(this.#lockOf(own.name), { force: true });
  }

  #lockOf(name: string): string {
    return join(this.#folder, `${name}${lockSuffix}`);
  }

  async #begin(): Promise<Own> {
    const own = (this.#own ??= this.#makeOwn());
    try {
      return await own;
    } catch (error) {
      // A disk that is full now may have room later.
      if (this.#own === own) this.#own = undefined;
      throw error;
    }
  }

  async #makeOwn(): Promise<Own> {
    const isNew = !existsSync(this.#folder);
    makePrivateFolder(this.#folder);
    const name = randomUUID();
    const folder = join(this.#folder, name);
    const lock = await tryToLock(this.#lockOf(name));
    if (lock === undefined) throw new Error(`${this.#lockOf(name)} is held by someone else.`);
    try {
      await mkdir(folder, { mode: 0o700 });
      await syncFolder(this.#folder);
      if (isNew) await syncFolder(dirname(this.#folder));
      return { name, folder, lock };
    } catch (error) {
      // What is left of it is taken over as every other one.
      lock.release();
      throw error;
    }
  }

  /** Folders of whoever has or had something here. */
  async #names(): Promise<string[]> {
    if (!existsSync(this.#folder)) return [];
    const found = await readdir(this.#folder, { withFileTypes: true });
    return found.filter((one) => one.isDirectory() && one.name !== setAside).map(({ name }) => name);
  }

  /** Moves what an owner left into this one's folder, unless that owner lives. */
  async #takeOver(name: string, own: Own): Promise<void> {
    const lock = await tryToLock(this.#lockOf(name));
    if (lock === undefined) return;
    const left = join(this.#folder, name);
    let isEmpty = true;
    try {
      for (const one of existsSync(left) ? await readdir(left) : []) {
        const file = join(left, one);
        const taken = one.endsWith(draftSuffix)
          ? rm(file, { force: true })
          : rename(file, join(own.folder, one));
        await taken.catch((error: unknown) => {
          isEmpty = false;
          this.#leave(file, error);
        });
      }
      await syncFolder(own.folder);
      if (isEmpty && existsSync(left)) await rmdir(left);
    } finally {
      lock.release();
    }
    if (isEmpty) await rm(this.#lockOf(name), { force: true });
  }

  async #read(own: Own): Promise<OutboxEntry[]> {
    const entries: OutboxEntry[] = [];
    for (const name of await readdir(own.folder)) {
      if (!name.endsWith(entrySuffix)) continue;
      const file = join(own.folder, name);
      try {
        const entry = parseEntry(await readFile(file, 'utf8'));
        if (entry === undefined) {
          await this.#putAside(file, name);
          continue;
        }
        this.#files.set(entry.pushGuid, file);
        entries.push(entry);
      } catch (error) {
        this.#leave(file, error);
      }
    }
    return entries;
  }

  /** What cannot be read now is there for the next run, and keeps nothing else from being sent. */
  #leave(place: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#warn(
      `What an earlier run left unsent in ${place} cannot be read, and waits for the next run: ${why}`,
    );
  }

  async #putAside(file: string, name: string): Promise<void> {
    const kept = join(this.#folder, setAside, name);
    makePrivateFolder(dirname(kept));
    await rename(file, kept);
    this.#warn(
      `A push that was left unsent cannot be read any more, and is not sent. What is left of it: ${kept}`,
    );
  }
}

/** A guid that is none is refused by the relay; until then it leads to no other folder. */
const fileNameOf = ({ order, pushGuid }: OutboxEntry): string =>
  `${order}-${pushGuid.slice(0, 64).replaceAll(/[^0-9A-Za-z-]/gu, '_')}${entrySuffix}`;

const parseEntry = (text: string): OutboxEntry | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isOutboxEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
};
