import { limits, type PushedHead } from '@cd-push/protocol';

import type { SenderConnection } from './sender-connection.ts';

/** The version in place of one resource in one environment, as far as this sender knows. */
export type KnownHead = Pick<PushedHead, 'version' | 'digest' | 'frame'>;

/** No version was ever pushed. */
export const noHead: KnownHead = { version: 0, digest: null };

/**
 * What is in place, so that a push costs no question before it. What others push in between is found out by the relay's
 * `conflict`, which carries the head that was missed.
 */
export class HeadCache {
  readonly #connection: SenderConnection;
  readonly #heads = new Map<string, KnownHead>();
  /** Versions that this sender's accepted pushes gave, the last of each resource. */
  readonly #given = new Map<string, number>();

  constructor(connection: SenderConnection) {
    this.#connection = connection;
  }

  /** The heads of these resources, in their order; those not known yet are asked for, thousands in one question. */
  async get(environment: string, resources: readonly string[]): Promise<KnownHead[]> {
    const missing = resources.filter((resource) => !this.#heads.has(headKey(environment, resource)));
    for (let start = 0; start < missing.length; start += limits.headQuery) {
      const asked = missing.slice(start, start + limits.headQuery);
      const { heads } = await this.#connection.request('get-heads', { environment, resources: asked });
      for (const resource of asked) this.set(environment, resource, noHead);
      for (const { resource, ...head } of heads) this.set(environment, resource, head);
    }
    return resources.map((resource) => this.#heads.get(headKey(environment, resource)) ?? noHead);
  }

  /** Whether {@link get} needs to ask nobody. */
  knows(environment: string, resources: readonly string[]): boolean {
    return resources.every((resource) => this.#heads.has(headKey(environment, resource)));
  }

  /** Notes the version that an accepted push of this sender gave, whatever is in place by now. */
  give(environment: string, resources: readonly string[], version: number): void {
    for (const resource of resources) this.#given.set(headKey(environment, resource), version);
  }

  /** The version that this sender's last accepted push of a resource gave; 0 where there was none. */
  lastGiven(environment: string, resource: string): number {
    return this.#given.get(headKey(environment, resource)) ?? 0;
  }

  /** Takes for known what is in place, whatever was pushed since. */
  set(environment: string, resource: string, head: KnownHead): void {
    this.#heads.set(headKey(environment, resource), head);
  }

  /** Forgets what may no longer hold; it is asked for again. */
  forget(environment: string, resources: readonly string[]): void {
    for (const resource of resources) this.#heads.delete(headKey(environment, resource));
  }
}

const headKey = (environment: string, resource: string): string => `${environment}:${resource}`;
