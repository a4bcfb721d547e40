import { limits, type Head } from '@cd-push/protocol';

import type { Connection } from '../connection/connection.ts';

/** The version in place of one resource in one environment, as far as this sender knows. */
export type KnownHead = Pick<Head, 'version' | 'digest'>;

/** No version was ever pushed. */
const noHead: KnownHead = { version: 0, digest: null };

/**
 * What is in place, so that a push costs no question before it. What others push in between is found out by the relay's
 * `conflict`, which carries the head that was missed.
 */
export class HeadCache {
  readonly #connection: Connection;
  readonly #heads = new Map<string, KnownHead>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The heads of these resources, in their order; those not known yet are asked for, thousands in one question. */
  async get(environment: string, resources: readonly string[]): Promise<KnownHead[]> {
    const missing = resources.filter((resource) => !this.#heads.has(headKey(environment, resource)));
    for (let start = 0; start < missing.length; start += limits.headQuery) {
      const asked = missing.slice(start, start + limits.headQuery);
      const { heads } = await this.#connection.request('get-heads', { environment, resources: asked });
      for (const resource of asked) this.set(environment, resource, noHead);
      for (const { resource, version, digest } of heads) this.set(environment, resource, { version, digest });
    }
    return resources.map((resource) => this.#heads.get(headKey(environment, resource)) ?? noHead);
  }

  set(environment: string, resource: string, head: KnownHead): void {
    this.#heads.set(headKey(environment, resource), head);
  }

  /** Forgets what may no longer hold; it is asked for again. */
  forget(environment: string, resources: readonly string[]): void {
    for (const resource of resources) this.#heads.delete(headKey(environment, resource));
  }
}

const headKey = (environment: string, resource: string): string => `${environment}:${resource}`;
