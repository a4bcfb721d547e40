import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { contentDigest } from '../transform/content-digest.ts';
import { syncFolder } from './durable-file.ts';

export const standingSuffix = '.standing';

/** What a save takes, with source and source map, unless the file is a large one. */
const roomBytes = 256 * 1024;

/**
 * A file that only its owner may read, which is on the disk before it is needed and has room for one text. To bring a text
 * there for good takes one write of its own bytes, where a new file has its size and its name to be written as well: a third
 * of the time.
 *
 * The text stands behind its digest, with zeros after it. One that was cut off, by the loss of power, has another digest.
 */
export class StandingFile {
  readonly path: string;
  readonly #file: FileHandle;
  /** Bytes that are no zeros, or may be none. */
  #used = 0;
  #text: string | undefined;
  #isClosed = false;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async make(folder: string): Promise<StandingFile> {
    const path = join(folder, `${randomUUID()}${standingSuffix}`);
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(new Uint8Array(roomBytes));
      await file.sync();
      await syncFolder(folder);
      return new StandingFile(path, file);
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
  }

  /** What is in it for good. */
  get text(): string | undefined {
    return this.#text;
  }

  /**
   * Takes a text in. When this resolves to true, it is on the disk.
   *
   * @returns false where there is no room for it, or another text is in it.
   * @throws Error why it cannot be written.
   */
  async take(text: string): Promise<boolean> {
    if (this.#used > 0) return false;
    const bytes = Buffer.from(`${contentDigest(text)}\n${text}`);
    if (bytes.length > roomBytes) return false;
    this.#used = bytes.length;
    await this.#write(bytes);
    await this.#file.datasync();
    this.#text = text;
    return true;
  }

  /** Lets go of the text. After a loss of power it may be there again. */
  async empty(): Promise<void> {
    this.#text = undefined;
    if (this.#isClosed) return rm(this.path, { force: true });
    await this.#write(new Uint8Array(this.#used));
    this.#used = 0;
  }

  /** Closes the file, and takes it away where nothing is in it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#file.close();
    if (this.#used === 0) await rm(this.path, { force: true });
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { bytesWritten } = await this.#file.write(bytes, 0, bytes.length, 0);
    if (bytesWritten < bytes.length) throw new Error(`${this.path} was written in part only.`);
  }
}

/** The text in a file that was left: null where there is none, undefined where it was cut off. */
export const standingText = (bytes: string): string | null | undefined => {
  const end = bytes.indexOf('\0');
  const [, digest, text] = /^([^\n]+)\n(.*)$/su.exec(end === -1 ? bytes : bytes.slice(0, end)) ?? [];
  if (end === 0 || bytes === '') return null;
  return text !== undefined && digest === contentDigest(text) ? text : undefined;
};
