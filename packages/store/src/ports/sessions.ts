import type { EpochMs, PublicKey } from '@cd-push/protocol';

/**
 * Why a session was ended. After `logout` what it signed stays good; the others say that someone
 * else may hold its secrets or that its user is trusted no more, so what it signed is not applied any more.
 */
export type RevocationReason = 'logout' | 'refresh-reuse' | 'user-removed' | 'withdrawn';

/** Whether an end for this reason takes back what the session signed. */
export const voidsSignatures = (reason: RevocationReason): boolean => reason !== 'logout';

export interface Session {
  /** The `initUuid` that answers and certificates show; gives no access by itself. */
  readonly id: string;
  readonly userId: number;
  readonly clientId: string | null;
  /** The key that the session is bound to, or null where the client showed none. */
  readonly publicKey: PublicKey | null;
  readonly createdAt: EpochMs;
  /** End of the session however often it is refreshed. */
  readonly expiresAt: EpochMs;
  readonly revoked: { readonly at: EpochMs; readonly reason: RevocationReason } | null;
}

/** A secret as it is kept: SHA-256 of a random token, never the token. */
export interface KeptToken {
  readonly hash: string;
  readonly expiresAt: EpochMs;
}

export interface NewSession extends Omit<Session, 'revoked'> {
  readonly refresh: KeptToken;
}

/** What became of a refresh token that was shown; `reused` has revoked its session. */
export type Rotation =
  | { readonly kind: 'rotated'; readonly session: Session }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'reused'; readonly session: Session };

/** Sign-ins and the refresh tokens that prolong them. */
export interface SessionStore {
  create(session: NewSession): Promise<Session>;
  get(id: string): Promise<Session | undefined>;
  /** Session of a refresh token, used or not, so that the proof of its key can be asked for before it is spent. */
  ofRefreshToken(hash: string): Promise<{ readonly session: Session; readonly spent: boolean } | undefined>;
  /**
   * Spends a refresh token for the next, at once. A token that was spent before revokes the session, unless whoever shows
   * it has proved the session's key and what it was spent for is still unspent: then that answer was lost on its way, and
   * what it held is replaced.
   */
  rotate(hash: string, next: KeptToken, proved: boolean, at: EpochMs): Promise<Rotation>;
  /** Answers false where the session is unknown or ended before. */
  revoke(id: string, reason: RevocationReason, at: EpochMs): Promise<boolean>;
  /** Sessions whose signatures are void, oldest first. */
  listVoided(): Promise<Session[]>;
  /** Keeps a session's token for existing clients, which show it instead of a JWT. */
  keepLegacyToken(sessionId: string, token: KeptToken): Promise<void>;
  ofLegacyToken(
    hash: string,
  ): Promise<{ readonly session: Session; readonly expiresAt: EpochMs } | undefined>;
}
