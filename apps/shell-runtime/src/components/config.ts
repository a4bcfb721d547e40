import { problemOf, ProblemError } from '@cd-push/protocol';

import type { Change } from '../line/push.ts';
import type { Component, Staged } from './component.ts';
import { textOf } from './content-text.ts';

/** A configuration file as the running program sees it. The value is frozen: it changes by a push alone. */
export interface ConfigHandle {
  /** The value in place; undefined where the file does not exist. */
  get(): unknown;
  /**
   * Hears every new value. A subscriber that throws, or whose promise rejects, refuses the push: the value before it is
   * put back, and everyone who had heard the new one hears the old one again.
   *
   * @returns ends the subscription.
   */
  subscribe(subscriber: ConfigSubscriber): () => void;
}

export type ConfigSubscriber = (value: unknown, former: unknown) => unknown;

/** Values of configuration files, and who wants to hear of them. */
export class Configs implements Component {
  readonly #values = new Map<string, unknown>();
  readonly #subscribers = new Map<string, Set<ConfigSubscriber>>();

  handle(resource: string): ConfigHandle {
    return {
      get: () => this.#values.get(resource),
      subscribe: (subscriber) => {
        // A function of its own, so that one subscriber may be registered twice.
        const own: ConfigSubscriber = (value, former) => subscriber(value, former);
        const known = this.#subscribers.get(resource);
        if (known === undefined) this.#subscribers.set(resource, new Set([own]));
        else known.add(own);
        return () => this.#subscribers.get(resource)?.delete(own);
      },
    };
  }

  /** Puts a value in place before anybody listens. Throws where the text is not JSON. */
  load(resource: string, text: string): void {
    this.#values.set(resource, parsed(resource, text));
  }

  stage(changes: readonly Change[]): Staged {
    const next = new Map<string, unknown>();
    for (const { head, content } of changes) {
      if (head.change === 'rename' && head.from !== undefined) next.set(head.from, undefined);
      const text = textOf(content);
      next.set(head.resource, text === undefined ? undefined : parsed(head.resource, text));
    }
    const former = new Map([...next.keys()].map((resource) => [resource, this.#values.get(resource)]));
    const told: [string, ConfigSubscriber][] = [];
    return {
      apply: async () => {
        for (const [resource, value] of next) this.#put(resource, value);
        for (const [resource, value] of next) {
          // Those who subscribe while they are told have read the new value already.
          for (const subscriber of Array.from(this.#subscribers.get(resource) ?? [])) {
            told.push([resource, subscriber]);
            await subscriber(value, former.get(resource));
          }
        }
      },
      restore: async () => {
        for (const [resource, value] of former) this.#put(resource, value);
        for (const [resource, subscriber] of told) {
          try {
            await subscriber(former.get(resource), next.get(resource));
          } catch (error) {
            // It refused the new value; that it refuses the old one too must not keep others from getting it.
            console.warn(`[cd-push] A subscriber of ${resource} failed while its value was restored.`, error);
          }
        }
      },
    };
  }

  #put(resource: string, value: unknown): void {
    if (value === undefined) this.#values.delete(resource);
    else this.#values.set(resource, value);
  }
}

const parsed = (resource: string, text: string): unknown => {
  try {
    return frozen(JSON.parse(text.replace(/^\uFEFF/u, '')));
  } catch (cause) {
    const detail = `The configuration is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new ProblemError(problemOf('apply-failed', { resource, detail }), { cause });
  }
};

const frozen = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
};
