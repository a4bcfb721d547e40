import { readFileSync } from 'node:fs';

import type { Component, Staged } from '../../components/component.ts';
import type { Change } from '../../line/push.ts';
import { writeWhole } from '../contents/content-folder.ts';
import { contentPath, type StandingResource } from '../contents/standing.ts';

type FileSubscriber = () => unknown;

/** Text of a template, a style sheet or any other file, as it stands. */
export interface TextHandle {
  /** The text in place; undefined where the file does not exist. */
  get(): string | undefined;
  /**
   * Hears every new text. A subscriber that throws, or whose promise rejects, refuses the push: the text before it is put
   * back, and everyone who had heard the new one hears the old one again.
   *
   * @returns ends the subscription.
   */
  subscribe(subscriber: (text: string | undefined) => unknown): () => void;
}

/** An asset, or any other file, as it stands. */
export interface FileHandle {
  /** Absolute path of a file with the content in place, never written again; undefined where the file does not exist. */
  path(): string | undefined;
  /** Like {@link TextHandle.subscribe}. */
  subscribe(subscriber: (path: string | undefined) => unknown): () => void;
}

/** Files that a Node program reads by itself: each new content is a new file, and whoever wants to know is told. */
export class Files implements Component {
  readonly #dir: string;
  readonly #standing: Map<string, { readonly path: string; text?: string }>;
  readonly #subscribers = new Map<string, Set<FileSubscriber>>();

  constructor(dir: string, resources: readonly StandingResource[]) {
    this.#dir = dir;
    this.#standing = new Map(resources.map(({ resource, path }) => [resource, { path }]));
  }

  text(resource: string): TextHandle {
    const get = (): string | undefined => this.#textOf(resource);
    return { get, subscribe: (subscriber) => this.#subscribe(resource, () => subscriber(get())) };
  }

  file(resource: string): FileHandle {
    const path = (): string | undefined => this.#standing.get(resource)?.path;
    return { path, subscribe: (subscriber) => this.#subscribe(resource, () => subscriber(path())) };
  }

  async stage(changes: readonly Change[]): Promise<Staged> {
    const next = new Map<string, { readonly path: string } | undefined>();
    await Promise.all(
      changes.map(async ({ head: { change, resource, from, digest }, content }) => {
        if (change === 'rename' && from !== undefined) next.set(from, undefined);
        if (content.kind === 'deleted' || digest === null) {
          next.set(resource, undefined);
          return;
        }
        const path = contentPath(this.#dir, resource, digest);
        await writeWhole(path, content.kind === 'text' ? content.text : content.bytes);
        next.set(resource, { path });
      }),
    );
    const former = new Map([...next.keys()].map((resource) => [resource, this.#standing.get(resource)]));
    const told: [string, FileSubscriber][] = [];
    return {
      apply: async () => {
        for (const [resource, standing] of next) this.#put(resource, standing);
        for (const resource of next.keys()) {
          for (const subscriber of Array.from(this.#subscribers.get(resource) ?? [])) {
            told.push([resource, subscriber]);
            await subscriber();
          }
        }
      },
      restore: async () => {
        for (const [resource, standing] of former) this.#put(resource, standing);
        for (const [resource, subscriber] of told) {
          try {
            await subscriber();
          } catch (error) {
            // It refused the new content; that it refuses the old one too must not keep others from getting it.
            console.warn(
              `[cd-push] A subscriber of ${resource} failed while its content was restored.`,
              error,
            );
          }
        }
      },
    };
  }

  #textOf(resource: string): string | undefined {
    const standing = this.#standing.get(resource);
    if (standing === undefined) return undefined;
    return (standing.text ??= readFileSync(standing.path, 'utf8'));
  }

  #put(resource: string, standing: { readonly path: string } | undefined): void {
    if (standing === undefined) this.#standing.delete(resource);
    else this.#standing.set(resource, standing);
  }

  #subscribe(resource: string, subscriber: FileSubscriber): () => void {
    const known = this.#subscribers.get(resource);
    if (known === undefined) this.#subscribers.set(resource, new Set([subscriber]));
    else known.add(subscriber);
    return () => this.#subscribers.get(resource)?.delete(subscriber);
  }
}
