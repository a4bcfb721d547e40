import type { IncomingMessage } from 'node:http';

import { problemOf, type Problem } from '@cd-push/protocol';

/**
 * Who may speak to this server at all, by what a browser says of the page and of the name it believes to speak to. A
 * listed origin is compared whole: no suffixes, no schemes left out, `null` never. A request without an Origin comes from
 * no page.
 */
export class Admission {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: Set<string>;

  constructor(origins: readonly string[], hosts: readonly string[]) {
    this.#origins = new Set(origins.filter((origin) => origin !== 'null' && origin !== '*'));
    this.#hosts = new Set(hosts.map((host) => host.toLowerCase()));
  }

  /** Adds the names under which the server turned out to listen. */
  allowHosts(hosts: readonly string[]): void {
    for (const host of hosts) this.#hosts.add(host.toLowerCase());
  }

  /** Why a request may not come in, if it may not. */
  refusal({ headers }: IncomingMessage): Problem | undefined {
    if (headers.host === undefined || !this.#hosts.has(headers.host.toLowerCase())) {
      return problemOf('forbidden-origin', {
        path: '/headers/host',
        detail: 'This server is not known under the Host that was asked for.',
      });
    }
    if (headers.origin !== undefined && !this.#origins.has(headers.origin)) {
      return problemOf('forbidden-origin', {
        path: '/headers/origin',
        detail: 'Pages of this origin are not on this relay’s list.',
      });
    }
    return undefined;
  }

  /** Whether a page may read answers: the exact origin, to say back. */
  isKnownOrigin(origin: string): boolean {
    return this.#origins.has(origin);
  }
}
