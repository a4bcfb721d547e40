import { credentialOf, type RecipientId } from '@cd-push/protocol';

import { PeerIndex } from './peer-index.ts';
import type { Peer, RunningInstance, RunningPeer, RuntimePeer } from './peer.ts';

/** Who is connected: the one place that binds a connection to an identity. */
export class Peers {
  readonly #all = new Map<string, Peer>();
  readonly #bySession = new PeerIndex();
  readonly #byIdentity = new PeerIndex();
  readonly #bySubject = new PeerIndex();
  readonly #byRecipient = new Map<RecipientId, Peer>();
  readonly #byCredential = new PeerIndex();

  get size(): number {
    return this.#all.size;
  }

  all(): Iterable<Peer> {
    return this.#all.values();
  }

  add(peer: Peer): void {
    this.#all.set(peer.id, peer);
    this.#bySession.add(peer.session.id, peer);
    const { session } = peer;
    if (session.kind !== 'user' || session.acting === undefined) return;
    this.#byIdentity.add(session.acting.identity, peer);
    this.#bySubject.add(subjectKey(session.tenant, session.subject), peer);
  }

  /** Answers whether the peer was still the one that its instance is reached by. */
  remove(peer: Peer): boolean {
    this.#all.delete(peer.id);
    const { session } = peer;
    this.#bySession.remove(session.id, peer);
    if (session.kind === 'user' && session.acting !== undefined) {
      this.#byIdentity.remove(session.acting.identity, peer);
      this.#bySubject.remove(subjectKey(session.tenant, session.subject), peer);
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
    this.#byCredential.add(credentialOf(running.recipient), bound);
    return { peer: bound, before: before === peer ? undefined : before };
  }

  byRecipient(recipient: RecipientId): Peer | undefined {
    return this.#byRecipient.get(recipient);
  }

  /** Connections of a credential that have said hello. */
  instancesOf(credential: string): readonly Peer[] {
    return this.#byCredential.of(credential);
  }

  ofSession(session: string): readonly Peer[] {
    return this.#bySession.of(session);
  }

  /** Connections of an identity, each of which has a session of its own. */
  ofIdentity(identity: string): readonly Peer[] {
    return this.#byIdentity.of(identity);
  }

  /** Where a person who signs hears of pushes: on every connection, since the one that sent it may have come back anew. */
  ofSigner(tenant: string, subject: string): readonly Peer[] {
    return this.#bySubject.of(subjectKey(tenant, subject));
  }

  #unbind(peer: Peer): boolean {
    const { running } = peer;
    if (running === undefined) return false;
    this.#byCredential.remove(credentialOf(running.recipient), peer);
    if (this.#byRecipient.get(running.recipient) !== peer) return false;
    this.#byRecipient.delete(running.recipient);
    return true;
  }
}

/** Names hold no space, so that two never share a key. */
const subjectKey = (tenant: string, subject: string): string => `${tenant} ${subject}`;
