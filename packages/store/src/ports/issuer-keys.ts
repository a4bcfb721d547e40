import type { EpochMs, PublicKey } from '@cd-push/protocol';

/** A signing key of the issuer, private half included; the file that holds it is the issuer. */
export interface IssuerKey {
  /** JWK thumbprint (RFC 7638). */
  readonly kid: string;
  readonly publicKey: PublicKey;
  /** The private half of the JWK, base64url. */
  readonly d: string;
  readonly createdAt: EpochMs;
}

export interface IssuerKeyStore {
  /** Newest first; the first one signs. */
  list(): Promise<IssuerKey[]>;
  add(key: IssuerKey): Promise<void>;
  /** Adds the first key and answers true, or false where there is one already, also where another process was quicker. */
  addFirst(key: IssuerKey): Promise<boolean>;
  /** Answers the name under which the keys sign; where none is kept yet, keeps the one that is offered. */
  name(offered: string): Promise<string>;
}
