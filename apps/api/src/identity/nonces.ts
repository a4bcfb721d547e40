import { epochMs, type EpochMs } from '@cd-push/protocol';

import { newSecret } from './secrets.ts';

const lifetimeMs = 60_000;
/** Nonces that may be open at once; above it the oldest is forgotten, and its holder asks for another. */
const capacity = 100_000;

/** One-time values that clients sign to prove a key. In memory: after a restart a client asks for another. */
export class Nonces {
  /** In the order of issue, which is the order of expiry. */
  readonly #open = new Map<string, EpochMs>();

  issue(at: EpochMs): { readonly nonce: string; readonly expiresAt: EpochMs } {
    for (const [nonce, expiresAt] of this.#open) {
      if (expiresAt > at && this.#open.size < capacity) break;
      this.#open.delete(nonce);
    }
    const nonce = newSecret();
    const expiresAt = epochMs(at + lifetimeMs);
    this.#open.set(nonce, expiresAt);
    return { nonce, expiresAt };
  }

  /** Whether the nonce was open; from now on it is not. */
  spend(nonce: string, at: EpochMs): boolean {
    const expiresAt = this.#open.get(nonce);
    this.#open.delete(nonce);
    return expiresAt !== undefined && expiresAt > at;
  }
}
