import { credentialOf, type RecipientId } from '@cd-push/protocol';

import type { Peer, RunningInstance, RunningPeer, RuntimePeer } from './peer.ts';

/** Who is connected: the one place that binds a connection to an identity. */
export class Peers {
  readonly #all = new Map<string, Peer>();
  readonly #bySession = new Map<string, Set<Peer>>();
  readonly #byIdentity = new Map<string, Set<Peer>>();
  readonly #bySubject = new Map<string, Set<Peer>>();
  readonly #byRecipient = new Map<RecipientId, Peer>();
  readonly #byCredential = new Map<string, Set<Peer>>();

  get size(): number {
    return this.#all.size;
  }

  all(): Iterable<Peer> {
    return this.#all.values();
  }

  add(peer: Peer): void {
    this.#all.set(peer.id, peer);
    add(this.#bySession, peer.session.id, peer);
    const { session } = peer;
    if (session.kind !== 'user' || session.acting === undefined) return;
    add(this.#byIdentity, session.acting.identity, peer);
    add(this.#bySubject, subjectKey(session.tenant, session.subject), peer);
  }

  /** Answers whether the peer was still the one that its instance is reached by. */
  remove(peer: Peer): boolean {
    this.#all.delete(peer.id);
    const { session } = peer;
    remove(this.#bySession, session.id, peer);
    if (session.kind === 'user' && session.acting !== undefined) {
      remove(this.#byIdentity, session.acting.identity, peer);
      remove(this.#bySubject, subjectKey(session.tenant, session.subject), peer);
    }
    return this.#unbind(peer);
  }

  /** Binds a runtime's connection to its instance and answers the connection that it takes over from, too. */
  bind(
    peer: RuntimePeer,
    running: RunningInstance,
  ): { readonly peer: RunningPeer; readonly before: Peer | undefined } {
    const before = this.#byRecipient.get(running.recipient);
    if (before !== undefined && before !== peer) this.#unbind(before);
    this.#unbind(peer);
    const bound = Object.assign(peer, { running });
    this.#byRecipient.set(running.recipient, bound);
    add(this.#byCredential, credentialOf(running.recipient), bound);
    return { peer: bound, before: before === peer ? undefined : before };
  }

  byRecipient(recipient: RecipientId): Peer | undefined {
    return this.#byRecipient.get(recipient);
  }

  /** Connections of a credential that have said hello. */
  instancesOf(credential: string): ReadonlySet<Peer> {
    return this.#byCredential.get(credential) ?? none;
  }

  ofSession(session: string): ReadonlySet<Peer> {
    return this.#bySession.get(session) ?? none;
  }

  /** Connections of an identity, each of which has a session of its own. */
  ofIdentity(identity: string): ReadonlySet<Peer> {
    return this.#byIdentity.get(identity) ?? none;
  }

  /** Where a person who signs hears of pushes: on every connection, since the one that sent it may have come back anew. */
  ofSigner(tenant: string, subject: string): ReadonlySet<Peer> {
    return this.#bySubject.get(subjectKey(tenant, subject)) ?? none;
  }

  #unbind(peer: Peer): boolean {
    const { running } = peer;
    if (running === undefined) return false;
    remove(this.#byCredential, credentialOf(running.recipient), peer);
    if (this.#byRecipient.get(running.recipient) !== peer) return false;
    this.#byRecipient.delete(running.recipient);
    return true;
  }
}

/** Names hold no space, so that two never share a key. */
const subjectKey = (tenant: string, subject: string): string => `${tenant} ${subject}`;

const none: ReadonlySet<Peer> = new Set();

const add = (index: Map<string, Set<Peer>>, key: string, peer: Peer): void => {
  const peers = index.get(key);
  if (peers === undefined) index.set(key, new Set([peer]));
  else peers.add(peer);
};

const remove = (index: Map<string, Set<Peer>>, key: string, peer: Peer): void => {
  const peers = index.get(key);
  peers?.delete(peer);
  if (peers?.size === 0) index.delete(key);
};
