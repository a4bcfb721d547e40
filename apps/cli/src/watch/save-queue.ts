import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

import type { Base, BaseChange, BaseUpdate } from '../transform/base.ts';

/** What was saved together. */
export interface Saved {
  readonly update: BaseUpdate;
  /** When the first of it was seen, on this machine's clock. */
  readonly seenAt: number;
}

export interface SaveQueueOptions {
  readonly base: Base;
  /** Folder of the project. */
  readonly root: string;
  /** Folder of its repository, where git leaves a lock while it switches branches. */
  readonly gitFolder?: string | undefined;
}

/**
 * A file that is gone or empty is looked at again after this: editors remove and remake a file, or empty and refill it,
 * within a few milliseconds.
 */
const halfSavedMs = 60;
/** In a burst, the silence that ends it; a burst that does not end is sent in parts. */
const burstQuietMs = 30;
const burstLongestMs = 2_000;

/**
 * Gathers what a watcher sees into what is pushed together. A single save waits for nothing: it is taken in at once, and
 * only if more has come by the time it was transformed is it a burst, which is waited out. While someone is busy with
 * the last result, what comes is gathered.
 */
export class SaveQueue implements AsyncIterable<Saved> {
  readonly #options: SaveQueueOptions;
  readonly #paths = new Map<string, number>();
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(options: SaveQueueOptions) {
    this.#options = options;
  }

  /** Takes note of a path at which something happened. */
  add(path: string): void {
    if (!this.#paths.has(path)) this.#paths.set(path, Date.now());
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Saved, void, undefined> {
    while (await this.#something()) {
      const saved = await this.#gather();
      if (saved.update.changes.length > 0 || saved.update.problems.length > 0) yield saved;
    }
  }

  async #something(): Promise<boolean> {
    while (this.#paths.size === 0 && !this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    return !this.#closed;
  }

  async #gather(): Promise<Saved> {
    const seenAt = Math.min(...this.#paths.values());
    const taken = new Set<string>();
    const before = new Set(this.#options.base.entries().map(({ resource }) => resource));
    const parts = [await this.#take(taken)];
    const startedAt = Date.now();
    const mayWait = (): boolean => Date.now() - startedAt < burstLongestMs;
    for (;;) {
      // Transforming took about a millisecond in which nothing was heard: one turn of the event loop tells what came.
      await nextTurn();
      const update = this.#merge(parts, before);
      for (const path of this.#vanished(update, before)) this.add(path);
      if (this.#paths.size === 0) {
        // What cannot be understood may be half written: it is looked at once more before anyone is told.
        const isFaulty = update.changes.length === 0 && update.problems.length > 0;
        if (!isFaulty || !mayWait() || !(await this.#event(halfSavedMs))) return { update, seenAt };
      }
      // Another event of the same file belongs to its save; one of another file is a burst, which is waited out.
      while (mayWait() && this.#isBurst(taken) && (await this.#event(burstQuietMs)));
      parts.push(await this.#take(taken));
      if (!mayWait()) return { update: this.#merge(parts, before), seenAt };
    }
  }

  async #take(taken: Set<string>): Promise<BaseUpdate> {
    const halfSince = Date.now();
    for (
      let left = halfSavedMs;
      left > 0 && this.#isHalfSaved();
      left = halfSavedMs - (Date.now() - halfSince)
    ) {
      await this.#event(left);
    }
    await this.#whileGitWrites();
    const paths = [...this.#paths.keys()];
    this.#paths.clear();
    for (const path of paths) taken.add(path);
    return this.#options.base.update(paths);
  }

  /** Resolves at the next event, true, or when the time is over, false. */
  async #event(withinMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), withinMs);
    this.#wake = () => resolve(true);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }

  #isBurst(taken: ReadonlySet<string>): boolean {
    const { root } = this.#options;
    // What an editor made and removed again beside the file is no other save.
    return [...this.#paths.keys()].some(
      (path) => !taken.has(path) && (this.#isKnown(path) || sizeOf(join(root, path)) !== undefined),
    );
  }

  /** Whether a file that was something is nothing now, or a new one is empty: then more is about to come. */
  #isHalfSaved(): boolean {
    const { base, root } = this.#options;
    return [...this.#paths.keys()].some((path) => {
      const size = sizeOf(join(root, path));
      if (size === undefined) return base.resourceOf(path) !== undefined && this.#isKnown(path);
      return size === 0;
    });
  }

  #isKnown(path: string): boolean {
    const { base } = this.#options;
    const resource = base.resourceOf(path);
    if (resource === undefined) return false;
    return (
      base.entry(resource) !== undefined ||
      base.entries().some((entry) => entry.resource.startsWith(`${resource}/`))
    );
  }

  async #whileGitWrites(): Promise<void> {
    const { gitFolder } = this.#options;
    if (gitFolder === undefined) return;
    const lock = join(gitFolder, 'index.lock');
    for (const startedAt = Date.now(); existsSync(lock) && Date.now() - startedAt < burstLongestMs;) {
      await delay(burstQuietMs);
    }
  }

  /** New files that are gone again already: drafts that an editor or `sed -i` renames over the file that it saves. */
  #vanished({ changes }: BaseUpdate, before: ReadonlySet<string>): string[] {
    const { base, root } = this.#options;
    return changes.flatMap((change) => {
      if (change.change === 'delete' || before.has(change.entry.resource)) return [];
      const path = change.entry.resource.slice(base.module.length + 2);
      return sizeOf(join(root, path)) === undefined ? [path] : [];
    });
  }

  /**
   * Several updates as one: each resource as it stands after the last.
   *
   * @param before resources that there were before the first. What came and went since then never was.
   */
  #merge(parts: readonly BaseUpdate[], before: ReadonlySet<string>): BaseUpdate {
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only;
    const changes = new Map<string, BaseChange>();
    for (const part of parts) {
      for (const change of part.changes) {
        if (change.change === 'delete') {
          changes.set(change.resource, change);
          continue;
        }
        if (change.change === 'rename')
          changes.set(change.from, { change: 'delete', resource: change.from, type: change.entry.type });
        const isAsItIs = parts.at(-1) === part && (change.change === 'put' || before.has(change.from));
        changes.set(change.entry.resource, isAsItIs ? change : { change: 'put', entry: change.entry });
      }
    }
    for (const change of changes.values()) {
      // A rename speaks for both of its names.
      if (change.change === 'rename') changes.delete(change.from);
      else if (change.change === 'delete' && !before.has(change.resource)) changes.delete(change.resource);
    }
    return { changes: [...changes.values()], problems: parts.at(-1)?.problems ?? [] };
  }
}

const sizeOf = (path: string): number | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return stats.isFile() ? stats.size : 1;
};
