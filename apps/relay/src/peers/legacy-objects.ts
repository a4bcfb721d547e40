import { branded, problemOf, type Problem, type ResourceGuid } from '@cd-push/protocol';

import type { Directory } from '../authority/directory.ts';
import type { Peer } from './peer.ts';
import type { Peers } from './peers.ts';

/** Objects of one user that are known at a time: some clients register a new one with every message. */
const perSubject = 64;

interface LegacyObject {
  readonly guid: ResourceGuid;
  readonly subject: string;
  /** Undefined while nobody is connected under it. */
  peer: Peer | undefined;
}

/**
 * Objects that existing clients registered (`cdObjId.resourceGuid`): who may speak for each, and over which connection
 * it is reached now. A guid belongs to the user who registered it first.
 */
export class LegacyObjects {
  readonly #directory: Directory;
  readonly #peers: Peers;
  readonly #objects = new Map<string, LegacyObject>();
  readonly #bySubject = new Map<string, Map<string, LegacyObject>>();

  constructor(directory: Directory, peers: Peers) {
    this.#directory = directory;
    this.#peers = peers;
  }

  /**
   * Reaches the object over this connection from now on.
   *
   * @param path JSON pointer to the guid, for the problem.
   */
  register(guid: string, peer: Peer, path: string): Problem | undefined {
    if (guid.length > 128 || guid.includes('#')) {
      return problemOf('invalid-envelope', {
        path,
        detail: 'A resourceGuid has at most 128 characters and no "#".',
      });
    }
    const { tenant, subject } = peer.session;
    const key = keyOf(tenant, guid);
    const known = this.#objects.get(key);
    if (known === undefined ? this.#isForeign(guid, peer) : known.subject !== subject) {
      return problemOf('sender-mismatch', { path, detail: 'This resourceGuid belongs to somebody else.' });
    }
    const object = known ?? { guid: branded<ResourceGuid>(guid), subject, peer };
    object.peer = peer;
    this.#objects.set(key, object);
    const own = this.#bySubject.get(keyOf(tenant, subject)) ?? new Map<string, LegacyObject>();
    this.#bySubject.set(keyOf(tenant, subject), own);
    // Latest last: what was not used for longest is forgotten first.
    own.delete(key);
    own.set(key, object);
    for (const oldest of own.keys()) {
      if (own.size <= perSubject) break;
      own.delete(oldest);
      this.#objects.delete(oldest);
    }
    return undefined;
  }

  find(
    tenant: string,
    guid: string,
  ): { readonly guid: ResourceGuid; readonly peer: Peer | undefined } | undefined {
    return this.#objects.get(keyOf(tenant, guid));
  }

  /** Whether an object is the user's who is on this connection. */
  isOf(guid: string, { session }: Peer): boolean {
    return this.#objects.get(keyOf(session.tenant, guid))?.subject === session.subject;
  }

  leave(peer: Peer): void {
    const own = this.#bySubject.get(keyOf(peer.session.tenant, peer.session.subject));
    for (const object of own?.values() ?? []) if (object.peer === peer) object.peer = undefined;
  }

  /** A guid that is a runtime's, or the account of another user who is connected. */
  #isForeign(guid: string, { session }: Peer): boolean {
    if (this.#directory.runtime(guid) !== undefined) return true;
    for (const { session: other } of this.#peers.all()) {
      if (other.kind === 'user' && other.user.guid === guid && other.subject !== session.subject) return true;
    }
    return false;
  }
}

/** Tenant names hold no space. */
const keyOf = (tenant: string, id: string): string => `${tenant} ${id}`;
