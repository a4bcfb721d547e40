import type { Grant, PublicKey, ResourceGuid, Trigger } from '@cd-push/protocol';
import type { TrustRoot } from '@cd-push/timeline';

import type { Role, RuntimeRecord, Session } from './session.ts';

/** What makes this relay's acceptances count: its certificate, and the issuer that it relies on itself. */
export interface Certified {
  /** The relay's certificate as a JWS. */
  readonly certificate: string;
  readonly root: TrustRoot;
}

/** What a user may do, before their identity narrows it. */
export interface Rights {
  readonly roles: readonly Role[];
  readonly grants: readonly Grant[];
}

/** What the api tells its followers. */
export type Change =
  | {
      /** Of an identity as well, which ends all of its sessions. */
      readonly kind: 'session-revoked';
      readonly session: string;
      /** Whether what the session signed is taken back as well; a plain logout leaves it good. */
      readonly voidsSignatures: boolean;
    }
  | { readonly kind: 'grants-changed'; readonly user: number; readonly grants: readonly Grant[] }
  | {
      readonly kind: 'user-changed';
      readonly user: number;
      readonly roles: readonly Role[];
      readonly removed: boolean;
    }
  | { readonly kind: 'runtime-removed'; readonly guid: ResourceGuid }
  /** One enrolled, connected for the first time, or has other groups or another user. */
  | { readonly kind: 'runtimes-changed'; readonly guid: ResourceGuid }
  | { readonly kind: 'triggers-changed' };

export interface ChangeListener {
  /** In the order of the feed, each once. */
  changed(change: Change): void;
  /** The feed is being followed again after a gap in the connection: what was missed follows now. */
  resumed(): void;
  /** The api has lost its history: whatever was loaded or vouched for before may no longer hold. */
  reset(): void;
}

/** Runtimes that are asked for by their guids at a time, as many as the api takes. */
export const runtimesAtOnce = 256;

/**
 * Who is who: the api, as the relay needs it. Asked when a peer connects and followed for changes; never asked for a
 * push. Every promise rejects with a `ProblemError`, `unavailable` where the api cannot be reached.
 */
export interface Authority {
  certify(relay: PublicKey): Promise<Certified>;
  /** The session of a token, or undefined where the token is no good (any more). */
  introspect(token: string): Promise<Session | undefined>;
  /**
   * All runtimes, or those of these guids that there are.
   *
   * @param guids at most {@link runtimesAtOnce}.
   */
  runtimes(guids?: readonly ResourceGuid[]): Promise<RuntimeRecord[]>;
  /**
   * What a user may do now, be they connected or not; undefined where there is no such user. Asked for where something that
   * was signed before takes effect now.
   */
  rights(user: number): Promise<Rights | undefined>;
  /** Guids of all users. */
  accounts(): Promise<string[]>;
  triggers(): Promise<Trigger[]>;
  /** Sessions whose signatures were taken back, and identities with those of all their sessions, each oldest first. */
  voidedSessions(): Promise<string[]>;
  /**
   * Follows the change feed until the signal. Resolves when it is followed for the first time, so that what is loaded
   * after that misses nothing; afterwards it comes back by itself.
   */
  follow(listener: ChangeListener, signal: AbortSignal): Promise<void>;
}
