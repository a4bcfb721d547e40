import type { Base, BaseManifest } from '../transform/base.ts';
import type { BaseEntry } from '../transform/base-entry.ts';
import { urlOf } from '../transform/base.ts';
import type { Ignore } from '../transform/project-scan.ts';
import { FolderWatcher } from '../watch/folder-watcher.ts';

/** Versions of code that stay servable: a page that has read one manifest may ask for its code after the next save. */
const keptTexts = 4_000;

/** One answer of the base. */
export interface ServedFile {
  readonly body: string | Uint8Array;
  /** By which the media type is found. */
  readonly name: string;
  readonly digest: string;
  /** Whether what is under this URL can never change. */
  readonly immutable: boolean;
}

/** A project's base as it is on the disk at the moment of asking. Nothing is read or transformed before someone asks. */
export class LiveBase {
  readonly #base: Base;
  readonly #dirty = new Set<string>();
  readonly #texts = new Map<string, string>();
  readonly #watcher: FolderWatcher;
  #byUrl: Map<string, BaseEntry> | undefined;

  constructor(
    base: Base,
    options: { readonly root: string; readonly ignore: Ignore; readonly onError: (error: Error) => void },
  ) {
    this.#base = base;
    this.#watcher = new FolderWatcher({ ...options, onEvent: (path) => this.#dirty.add(path) });
  }

  manifest(): BaseManifest {
    this.#refresh();
    return this.#base.manifest();
  }

  /** All that is served, by resource. */
  entries(): readonly BaseEntry[] {
    this.#refresh();
    return this.#base.entries();
  }

  /** What is served at a path relative to the manifest, or undefined: only what is in the base is served at all. */
  file(path: string): ServedFile | undefined {
    const code = /^_cd\/(sha256-[A-Za-z0-9_-]{43})\.(js|map)$/u.exec(path);
    const entries = this.#refresh();
    if (code !== null) {
      const [, digest = '', extension = ''] = code;
      const text = this.#texts.get(digest);
      return text === undefined
        ? undefined
        : { body: text, name: `code.${extension}`, digest, immutable: true };
    }
    const entry = entries.get(path === '' ? 'index.html' : path);
    if (entry === undefined) return undefined;
    const body = entry.content ?? this.#base.bytesOf(entry.resource);
    return body === undefined
      ? undefined
      : { body, name: entry.resource, digest: entry.digest, immutable: false };
  }

  close(): void {
    this.#watcher.close();
  }

  #refresh(): Map<string, BaseEntry> {
    const known = this.#byUrl;
    if (known !== undefined && this.#dirty.size === 0) return known;
    const paths = [...this.#dirty];
    this.#dirty.clear();
    this.#base.update(paths);
    const byUrl = new Map<string, BaseEntry>();
    for (const entry of this.#base.entries()) {
      byUrl.set(decodeURI(urlOf(entry)), entry);
      if (entry.mapDigest === undefined || entry.content === undefined || entry.map === undefined) continue;
      this.#texts.set(entry.digest, entry.content);
      this.#texts.set(entry.mapDigest, entry.map);
    }
    for (const digest of this.#texts.keys()) {
      if (this.#texts.size <= keptTexts) break;
      this.#texts.delete(digest);
    }
    this.#byUrl = byUrl;
    return byUrl;
  }
}
