import { credentialOf, type RecipientId } from '@cd-push/protocol';

import type { Peer, RunningInstance } from './peer.ts';

/** Who is connected: the one place that binds a connection to an identity. */
export class Peers {
  readonly #all = new Map<string, Peer>();
  readonly #bySession = new Map<string, Set<Peer>>();
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
  }

  /** Answers whether the peer was still the one that its instance is reached by. */
  remove(peer: Peer): boolean {
    this.#all.delete(peer.id);
    remove(this.#bySession, peer.session.id, peer);
    return this.#unbind(peer);
  }

  /** Binds a runtime's connection to its instance and answers the connection that it takes over from. */
  bind(peer: Peer, running: RunningInstance): Peer | undefined {
    const before = this.#byRecipient.get(running.recipient);
    if (before !== undefined && before !== peer) this.#unbind(before);
    this.#unbind(peer);
    peer.running = running;
    this.#byRecipient.set(running.recipient, peer);
    add(this.#byCredential, credentialOf(running.recipient), peer);
    return before === peer ? undefined : before;
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

  #unbind(peer: Peer): boolean {
    const { running } = peer;
    if (running === undefined) return false;
    remove(this.#byCredential, credentialOf(running.recipient), peer);
    if (this.#byRecipient.get(running.recipient) !== peer) return false;
    this.#byRecipient.delete(running.recipient);
    return true;
  }
}

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
