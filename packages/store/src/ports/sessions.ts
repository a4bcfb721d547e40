import type { AuditEntry, EpochMs, PublicKey } from '@cd-push/protocol';

/**
 * Why a session was ended. After `logout` what it signed stays good; the others say that someone
 * else may hold its secrets or that its user is trusted no more, so what it signed is not applied any more.
 */
export type RevocationReason = 'logout' | 'user-removed' | 'withdrawn' | 'identity-revoked';

/** Whether an end for this reason takes back what the session signed. */
export const voidsSignatures = (reason: RevocationReason): boolean => reason !== 'logout';

export interface Session {
  /** The `initUuid` that answers and certificates show; gives no access by itself. */
  readonly id: string;
  readonly userId: number;
  readonly clientId: string | null;
  /** The key that the session is bound to, or null where the client showed none. */
  readonly publicKey: PublicKey | null;
  /** The identity that it acts for, and that identity's claim for it as JSON; null in a session of an existing client. */
  readonly acting: { readonly identity: string; readonly delegation: string } | null;
  readonly createdAt: EpochMs;
  /** End of the session. */
  readonly expiresAt: EpochMs;
  readonly revoked: { readonly at: EpochMs; readonly reason: RevocationReason } | null;
}

/** A secret as it is kept: SHA-256 of a random token, never the token. */
export interface KeptToken {
  readonly hash: string;
  readonly expiresAt: EpochMs;
}

export type NewSession = Omit<Session, 'revoked'>;

/**
 * Sessions, each of one connection or process. A row for the audit that comes along with a change, here and in the other
 * ports, is written in its commit, and not at all where nothing was changed.
 */
export interface SessionStore {
  /** For an existing client; one that an identity claims is made with the claim ({@link IdentityStore}). */
  create(session: NewSession, audit?: AuditEntry): Promise<Session>;
  get(id: string): Promise<Session | undefined>;
  /** Answers false where the session is unknown or ended before. */
  revoke(id: string, reason: RevocationReason, at: EpochMs, audit?: AuditEntry): Promise<boolean>;
  /** Ends all sessions that an identity has open, each as {@link revoke} does; the identity lives on. */
  revokeAll(identity: string, reason: RevocationReason, at: EpochMs, audit?: AuditEntry): Promise<void>;
  /** Sessions whose signatures are void, oldest first, but for those that ended with their identity. */
  listVoided(): Promise<Session[]>;
  /** Keeps a session's token for existing clients, which show it instead of a JWT. */
  keepLegacyToken(sessionId: string, token: KeptToken): Promise<void>;
  ofLegacyToken(
    hash: string,
  ): Promise<{ readonly session: Session; readonly expiresAt: EpochMs } | undefined>;
}
