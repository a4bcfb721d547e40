import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { isOutboxEntry, type Outbox, type OutboxEntry } from '@cd-push/client';

import { makePrivateFolder } from '../credentials/config-folder.ts';
import { tryToLock, type Lock } from '../credentials/exclusively.ts';
import { draftSuffix, syncFolder, writeDurably } from './durable-file.ts';
import { StandingFile, standingSuffix, standingText } from './standing-file.ts';

const lockSuffix = '.lock';
const entrySuffix = '.json';
/** Who pushes as often as this pushes more: then a file is made ahead of the next push. */
const putsBeforeStanding = 2;
/** Where files are put that hold no push any more. */
const setAside = 'unreadable';

/**
 * Keeps pushes in a folder that only its owner may look into, on the disk as soon as they are handed in. Each process that
 * pushes has a folder of its own in it, with one file for each push, and a lock beside it that ends with the process however that
 * ends: a folder whose lock is free was left behind. Whoever goes on pushing has a {@link StandingFile} there, through which
 * most of its pushes go.
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
  readonly #files = new Map<string, string | StandingFile>();
  #own: Promise<Own> | undefined;
  #puts = 0;
  #making: Promise<void> | undefined;
  #standing: StandingFile | undefined;
  #isClosed = false;

  constructor(folder: string, warn: (sentence: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
  }

  async put(entry: OutboxEntry): Promise<void> {
    if (this.#isClosed) throw new Error('The outbox was closed.');
    const own = await this.#begin();
    const { pushGuid } = entry;
    const text = JSON.stringify(entry);
    const former = this.#files.get(pushGuid);
    if (former === undefined && this.#standing !== undefined && (await this.#stand(this.#standing, text))) {
      this.#files.set(pushGuid, this.#standing);
      return;
    }
    const file = join(own.folder, fileNameOf(entry));
    await writeDurably(file, text);
    this.#files.set(pushGuid, file);
    if (former !== undefined && former !== file) await letGo(former);
    this.#puts += 1;
    if (this.#puts >= putsBeforeStanding && !this.#isClosed) this.#making ??= this.#makeStanding(own);
  }

  async remove(pushGuid: string): Promise<void> {
    const file = this.#files.get(pushGuid);
    if (file === undefined) return;
    this.#files.delete(pushGuid);
    // One that comes back after a power cut is sent once more, and the relay recognises it.
    await letGo(file);
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
    await this.#making;
    await this.#standing?.close();
    // A folder that still holds something stays, for the next one.
    const isEmpty = await rmdir(own.folder).then(
      () => true,
      () => false,
    );
    own.lock.release();
    if (isEmpty) await rm(this.#lockOf(own.name), { force: true });
  }

  /** Makes the file through which what is put from now on goes. Without it each push has a new one. */
  async #makeStanding({ folder }: Own): Promise<void> {
    this.#standing = await StandingFile.make(folder).catch(() => undefined);
  }

  /** Whether the file was free, and has taken it in. */
  async #stand(standing: StandingFile, text: string): Promise<boolean> {
    try {
      return await standing.take(text);
    } catch {
      await standing.empty().catch(() => undefined);
      return false;
    }
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
    const entries = new Map<string, OutboxEntry>();
    const files = new Map<string, string | StandingFile>();
    for (const name of await readdir(own.folder)) {
      const isStanding = name.endsWith(standingSuffix);
      if (!isStanding && !name.endsWith(entrySuffix)) continue;
      const file = join(own.folder, name);
      const place = file === this.#standing?.path ? this.#standing : file;
      try {
        const text = await textIn(place);
        if (text === null) continue;
        const entry = text === undefined ? undefined : parseEntry(text);
        if (entry === undefined) {
          await this.#putAside(file, name);
          continue;
        }
        const { pushGuid } = entry;
        const known = entries.get(pushGuid);
        // It was killed between keeping what it had signed anew and letting go of what was signed before.
        const isOlder = known !== undefined && signaturesOf(known) > signaturesOf(entry);
        const older = isOlder ? place : files.get(pushGuid);
        if (older !== undefined) await letGo(older);
        if (isOlder) continue;
        entries.set(pushGuid, entry);
        files.set(pushGuid, place);
      } catch (error) {
        this.#leave(file, error);
      }
    }
    for (const [pushGuid, place] of files) this.#files.set(pushGuid, place);
    return [...entries.values()];
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

/** What is kept in a place: null for nothing, undefined for what was cut off. */
const textIn = async (place: string | StandingFile): Promise<string | null | undefined> => {
  // What is being written there right now is not kept yet.
  if (place instanceof StandingFile) return place.text ?? null;
  const text = await readFile(place, 'utf8');
  if (!place.endsWith(standingSuffix)) return text;
  const stood = standingText(text);
  if (stood === null) await rm(place, { force: true });
  return stood;
};

const letGo = (place: string | StandingFile): Promise<void> =>
  place instanceof StandingFile ? place.empty() : rm(place, { force: true });

const signaturesOf = ({ signed }: OutboxEntry): number => signed?.digests.length ?? 0;

const parseEntry = (text: string): OutboxEntry | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isOutboxEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
};
