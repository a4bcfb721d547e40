import type { PublicKey } from '@cd-push/protocol';

/** Whom a receiver believes: the issuer of its tenant, pinned when it enrolled and never taken from a connection. */
export interface TrustRoot {
  readonly issuer: string;
  readonly tenant: string;
  /** More than one while the issuer rotates its key. */
  readonly keys: readonly PublicKey[];
  /** The only identities that are believed, by the addresses of their inceptions; absent where every one is that the issuer certifies. */
  readonly identities?: readonly string[];
}
