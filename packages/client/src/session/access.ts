import type { EpochMs } from '@cd-push/protocol';

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

/** Time that a token must have left to be shown: a connection made with it should not be cut at once. */
export const renewAheadMs = 60_000;

/** Whether a token is still good enough to show. A short-lived one (in tests, say) is good for three quarters of its life. */
export const isFresh = (access: AccessToken, lifetimeMs: number, now: EpochMs): boolean =>
  access.expiresAt - now > Math.min(renewAheadMs, lifetimeMs / 4);
