import {
  branded,
  epochMs,
  limits,
  problemOf,
  recipientIdOf,
  type EpochMs,
  type Problem,
  type ResourceGuid,
} from '@cd-push/protocol';

import type { Directory } from '../authority/directory.ts';
import type { Session } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
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

/** Whose a forgotten object was, while messages for it are open. */
interface Reservation {
  readonly subject: string;
  readonly until: EpochMs;
}

interface ObjectPorts {
  readonly directory: Directory;
  readonly peers: Peers;
  readonly journal: Journal;
  readonly clock: Clock;
}

/**
 * Objects that existing clients registered (`cdObjId.resourceGuid`): who may speak for each, and over which connection
 * it is reached now. A guid belongs to the user who registered it first, and stays theirs while messages for it are open;
 * the guid of an account or of a runtime belongs to nobody else ever.
 */
export class LegacyObjects {
  readonly #ports: ObjectPorts;
  readonly #objects = new Map<string, LegacyObject>();
  readonly #bySubject = new Map<string, Map<string, LegacyObject>>();
  /** In the order in which they were made. */
  readonly #reserved = new Map<string, Reservation>();

  constructor(ports: ObjectPorts) {
    this.#ports = ports;
  }

  /**
   * Reaches the object over this connection from now on.
   *
   * @param path JSON pointer to the guid, for the problem.
   */
  async register(guid: string, peer: Peer, path: string): Promise<Problem | undefined> {
    if (guid.length > 128 || guid.includes('#')) {
      return problemOf('invalid-envelope', {
        path,
        detail: 'A resourceGuid has at most 128 characters and no "#".',
      });
    }
    const { tenant, subject } = peer.session;
    const key = keyOf(tenant, guid);
    const isFree = await this.#isFree(key, guid, peer);
    // Looked at after the wait: somebody else may have registered it meanwhile.
    const known = this.#objects.get(key);
    if (known === undefined ? !isFree : !this.#isOwner(known, guid, peer)) {
      return problemOf('sender-mismatch', { path, detail: 'This resourceGuid belongs to somebody else.' });
    }
    if (known !== undefined && known.subject !== subject) {
      this.#bySubject.get(keyOf(tenant, known.subject))?.delete(key);
    }
    const object = known?.subject === subject ? known : { guid: branded<ResourceGuid>(guid), subject, peer };
    object.peer = peer;
    this.#reserved.delete(key);
    this.#objects.set(key, object);
    const own = this.#bySubject.get(keyOf(tenant, subject)) ?? new Map<string, LegacyObject>();
    this.#bySubject.set(keyOf(tenant, subject), own);
    // Latest last: what was not used for longest is forgotten first.
    own.delete(key);
    own.set(key, object);
    for (const [oldest, forgotten] of own) {
      if (own.size <= perSubject) break;
      own.delete(oldest);
      this.#objects.delete(oldest);
      await this.#reserve(tenant, forgotten);
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

  /** Whoever took the guid of an account before the account was known gives it back. */
  #isOwner({ subject }: LegacyObject, guid: string, { session }: Peer): boolean {
    return subject === session.subject || isAccountOf(session, guid);
  }

  async #isFree(key: string, guid: string, { session }: Peer): Promise<boolean> {
    if (isAccountOf(session, guid)) return true;
    const { directory, peers, journal } = this.#ports;
    if (directory.runtime(guid) !== undefined || directory.isAccount(guid)) return false;
    for (const { session: other } of peers.all()) if (isAccountOf(other, guid)) return false;
    const reservation = this.#reserved.get(key);
    if (reservation === undefined || reservation.subject === session.subject) return true;
    return !(await isOwed(session.tenant, branded<ResourceGuid>(guid), journal));
  }

  async #reserve(tenant: string, { guid, subject }: LegacyObject): Promise<void> {
    const { journal, clock } = this.#ports;
    const at = clock.now();
    for (const [key, { until }] of this.#reserved) {
      if (until > at) break;
      this.#reserved.delete(key);
    }
    const key = keyOf(tenant, guid);
    // Before anything is waited for, so that nobody slips in.
    const reservation = { subject, until: epochMs(at + limits.deliverWithinMs) };
    this.#reserved.set(key, reservation);
    const isOpen = await isOwed(tenant, guid, journal);
    if (!isOpen && this.#reserved.get(key) === reservation) this.#reserved.delete(key);
  }
}

/** Whether messages for an object are open. */
const isOwed = async (tenant: string, guid: ResourceGuid, journal: Journal): Promise<boolean> => {
  const first = await journal.openFor(tenant, recipientIdOf(guid)).next();
  return first.done !== true;
};

const isAccountOf = (session: Session, guid: string): boolean =>
  session.kind === 'user' && session.user.guid === guid;

/** Tenant names hold no space. */
const keyOf = (tenant: string, id: string): string => `${tenant} ${id}`;
