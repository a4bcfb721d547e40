import { problemOf } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Peer } from './peer.ts';

/** Ends each connection when its session's time is up, unless the session was renewed before. */
export class SessionExpiry {
  readonly #clock: Clock;
  readonly #deadlines = new Map<Peer, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches a peer, or watches it anew after its session was renewed. */
  watch(peer: Peer): void {
    this.forget(peer);
    const left = peer.session.expiresAt - this.#clock.now();
    const cancel = this.#clock.after(left, () => {
      this.#deadlines.delete(peer);
      // A timer holds 24 days at most, and a clock may have been set: what counts is the time of expiry.
      if (this.#clock.now() < peer.session.expiresAt) this.watch(peer);
      else peer.outlet.cut('expired', problemOf('session-expired'));
    });
    this.#deadlines.set(peer, cancel);
  }

  forget(peer: Peer): void {
    this.#deadlines.get(peer)?.();
    this.#deadlines.delete(peer);
  }
}
