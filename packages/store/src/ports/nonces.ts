import type { EpochMs } from '@cd-push/protocol';

/** One-time values that were used up, of all processes on this store. Who issued one and until when it holds is not asked here. */
export interface NonceStore {
  /**
   * Uses a value up. Answers false where that was done before; what has expired by now is forgotten, so that whoever
   * spends has looked at its expiry.
   */
  spend(nonce: string, expiresAt: EpochMs, at: EpochMs): Promise<boolean>;
}
