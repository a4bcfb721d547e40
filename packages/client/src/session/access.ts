import type { ConnectChallenge, ConnectProof, EpochMs, SessionGenesis } from '@cd-push/protocol';
import type { Signing, SigningKey } from '@cd-push/timeline';

import type { RelayClock } from '../clock/relay-clock.ts';

/** A bearer token and the moment after which it opens nothing, on the servers' clock. */
export interface AccessToken {
  readonly token: string;
  readonly expiresAt: EpochMs;
}

/** Whatever can show a valid token now: a person's session or a runtime's credential. */
export interface TokenSource {
  /** Measured against the servers whenever a token is fetched. */
  readonly clock: RelayClock;
  /**
   * A token with enough of its time left, renewed first if need be.
   *
   * @throws ProblemError if it cannot be renewed; kinds with status 401 mean that a new login is needed.
   */
  access(): Promise<AccessToken>;
  /** Like {@link access}, but never the token given: the other side has refused it. */
  renew(refused: string): Promise<AccessToken>;
}

/** A session as whatever is signed in it needs it. */
export interface Signer {
  /** Address of the session. */
  readonly id: string;
  readonly key: SigningKey;
  /**
   * The certificate that goes with the key.
   *
   * @throws ProblemError `forbidden` where the user may not push.
   */
  certificate(): Promise<string>;
}

/** A session of a person's that one connection is made with: a connection that comes back comes as another one. */
export interface PersonSession extends TokenSource, Signer {
  /** Its first frame, which is shown with the token. */
  readonly genesis: SessionGenesis;
  /** Whether a connection can be made with it: none was, and its time is not over. */
  readonly isUsable: boolean;
  /**
   * Answers a relay's challenge, once.
   *
   * @throws ProblemError `bad-certificate`, `challenge-failed`: whoever challenges is no relay of the issuer's.
   */
  prove(challenge: ConnectChallenge): Promise<ConnectProof>;
  /**
   * What signs turns of synchronisations on the connection that was proven, and judges the relay's. It is given once: two
   * that evolve one session fork it.
   *
   * @throws ProblemError `forbidden` where no connection was proven, or it was given before.
   */
  syncSigning(): Signing;
}

/** Whoever can have a session for each connection. */
export interface SessionSource extends TokenSource {
  /** A session that no other connection has. */
  connecting(): Promise<PersonSession>;
}

/** Time that a token must have left to be shown: a connection made with it should not be cut at once. */
export const renewAheadMs = 60_000;

/** Whether a token is still good enough to show. A short-lived one (in tests, say) is good for three quarters of its life. */
export const isFresh = (access: AccessToken, lifetimeMs: number, now: EpochMs): boolean =>
  access.expiresAt - now > Math.min(renewAheadMs, lifetimeMs / 4);
