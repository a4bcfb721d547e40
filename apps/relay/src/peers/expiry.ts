import { problemOf } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Peer } from './peer.ts';

/** Between two looks at all connections, at least; so much later than its time a session may be ended. */
const looksEveryMs = 250;

/**
 * Ends each connection when its session's time is up, unless the session was renewed before. One timer serves all: a runtime
 * renews its session long before it is due, so that there is seldom anything to look at.
 */
export class SessionExpiry {
  readonly #clock: Clock;
  readonly #peers = new Set<Peer>();
  #next: { readonly at: number; readonly cancel: () => void } | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches a peer, or watches it anew after its session was renewed. */
  watch(peer: Peer): void {
    this.#peers.add(peer);
    this.#lookBy(peer.session.expiresAt);
  }

  forget(peer: Peer): void {
    this.#peers.delete(peer);
    if (this.#peers.size > 0) return;
    this.#next?.cancel();
    this.#next = undefined;
  }

  #lookBy(expiresAt: number): void {
    // A timer holds 24 days at most, and a clock may have been set: what counts is the time of expiry.
    const now = this.#clock.now();
    const at = Math.max(expiresAt, Math.min(this.#lookedAt, now) + looksEveryMs);
    if (this.#next !== undefined && this.#next.at <= at) return;
    this.#next?.cancel();
    this.#next = { at, cancel: this.#clock.after(at - now, () => this.#look()) };
  }

  #look(): void {
    this.#next = undefined;
    const now = this.#clock.now();
    this.#lookedAt = now;
    let earliest = Number.POSITIVE_INFINITY;
    for (const peer of this.#peers) {
      const { expiresAt } = peer.session;
      if (now < expiresAt) earliest = Math.min(earliest, expiresAt);
      else {
        this.#peers.delete(peer);
        peer.outlet.cut('expired', problemOf('session-expired'));
      }
    }
    if (earliest < Number.POSITIVE_INFINITY) this.#lookBy(earliest);
  }
}
