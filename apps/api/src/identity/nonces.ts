import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

import { epochMs, type EpochMs } from '@cd-push/protocol';
import type { NonceStore } from '@cd-push/store';
import { fromBase64url, toBase64url } from '@cd-push/timeline';

const lifetimeMs = 60_000;

/** A nonce is 32 bytes: when it expires, what nobody can guess, and a seal by which its issuer is recognised. */
const expiryBytes = 6;
const sealedBytes = expiryBytes + 10;
const nonceBytes = sealedBytes + 16;

/**
 * One-time values that clients sign to prove a key. Nothing is kept of those that were only issued: a nonce itself shows
 * that this api issued it, in whichever of its processes, and until when it holds. That it was spent is in the store.
 */
export class Nonces {
  readonly #key: Uint8Array;
  readonly #spent: NonceStore;

  /** @param secret that all processes of this api share, and nobody else knows. */
  constructor(secret: string, spent: NonceStore) {
    this.#key = new Uint8Array(hkdfSync('sha256', secret, '', 'cd-push nonces', 32));
    this.#spent = spent;
  }

  issue(at: EpochMs): { readonly nonce: string; readonly expiresAt: EpochMs } {
    const expiresAt = epochMs(at + lifetimeMs);
    const sealed = randomBytes(sealedBytes);
    sealed.writeUIntBE(expiresAt, 0, expiryBytes);
    return { nonce: toBase64url(Buffer.concat([sealed, this.#sealOf(sealed)])), expiresAt };
  }

  /** Whether the nonce was open; from now on it is not. */
  async spend(nonce: string, at: EpochMs): Promise<boolean> {
    const bytes = Buffer.from(fromBase64url(nonce) ?? []);
    if (bytes.length !== nonceBytes) return false;
    const sealed = bytes.subarray(0, sealedBytes);
    if (!timingSafeEqual(this.#sealOf(sealed), bytes.subarray(sealedBytes))) return false;
    const expiresAt = epochMs(sealed.readUIntBE(0, expiryBytes));
    return expiresAt > at && (await this.#spent.spend(nonce, expiresAt, at));
  }

  #sealOf(sealed: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#key)
      .update(sealed)
      .digest()
      .subarray(0, nonceBytes - sealedBytes);
  }
}
