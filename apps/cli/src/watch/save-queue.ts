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
    if (this.#isHalfSaved()) await delay(halfSavedMs);
    await this.#whileGitWrites();
    const parts = [this.#take()];
    // Transforming took about a millisecond in which nothing was heard: one turn of the event loop tells what came.
    await nextTurn();
    const startedAt = Date.now();
    while (this.#paths.size > 0 && Date.now() - startedAt < burstLongestMs) {
      const heard = this.#paths.size;
      await delay(burstQuietMs);
      if (this.#paths.size > heard) continue;
      await this.#whileGitWrites();
      parts.push(this.#take());
      await nextTurn();
    }
    return { update: this.#merge(parts), seenAt };
  }

  #take(): BaseUpdate {
    const paths = [...this.#paths.keys()];
    this.#paths.clear();
    return this.#options.base.update(paths);
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

  /** Several updates as one: each resource as it stands after the last. */
  #merge(parts: readonly BaseUpdate[]): BaseUpdate {
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
        changes.set(
          change.entry.resource,
          parts.at(-1) === part ? change : { change: 'put', entry: change.entry },
        );
      }
    }
    // A rename speaks for both of its names.
    for (const change of changes.values()) if (change.change === 'rename') changes.delete(change.from);
    return { changes: [...changes.values()], problems: parts.at(-1)?.problems ?? [] };
  }
}

const sizeOf = (path: string): number | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return stats.isFile() ? stats.size : 1;
};
