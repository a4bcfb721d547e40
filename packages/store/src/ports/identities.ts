import type { AuditEntry, EpochMs } from '@cd-push/protocol';

import type { NewSession } from './sessions.ts';

/** An identity as it stands after its latest event that is kept here. */
export interface Identity {
  /** Address of its inception, which names it. */
  readonly address: string;
  /** Never given to another user, also not after the user's removal. */
  readonly userId: number;
  /** Address and number of its latest event. */
  readonly tip: string;
  readonly n: number;
  /** What the next event is judged by, as JSON; whoever judges knows what it means. */
  readonly state: string;
  readonly registeredAt: EpochMs;
  /** When it was ended for good. */
  readonly revokedAt: EpochMs | null;
}

/** Events that were verified, and what an identity is after them. */
export interface Evolution {
  /** In order; each is the JSON that was signed. */
  readonly events: readonly string[];
  readonly tip: string;
  /** Number of the last of them. */
  readonly n: number;
  readonly state: string;
}

export interface NewIdentity extends Evolution {
  readonly address: string;
  readonly userId: number;
  readonly at: EpochMs;
  /** How many of this user may be open, this one included. Default: as many as they like. */
  readonly openAtMost?: number | undefined;
}

export interface NextEvents extends Evolution {
  readonly address: string;
  /** The tip that the events follow. */
  readonly from: string;
  readonly at: EpochMs;
}

/**
 * Logs of identities, each of which only grows: what follows an event is said once, and whoever says it later hears that
 * the tip has moved on. Nothing is judged here.
 */
export interface IdentityStore {
  /** Answers undefined where the identity is known already, also to whom could have no more; `too-many` to them else. */
  register(identity: NewIdentity, audit?: readonly AuditEntry[]): Promise<Identity | 'too-many' | undefined>;
  get(address: string): Promise<Identity | undefined>;
  /** Events from number `from` on, in order, at most `limit`, each as it was given. */
  events(address: string, from: number, limit: number): Promise<string[]>;
  /**
   * Takes events behind the tip that they follow, with the session that the last of them claims, where it claims one: all
   * of it or nothing.
   *
   * @returns undefined where the tip is another by now, or the identity was ended.
   */
  append(
    next: NextEvents,
    session?: NewSession,
    audit?: readonly AuditEntry[],
  ): Promise<Identity | undefined>;
  /**
   * Like {@link append}, where the identity ends with the last event, or without one: so do all of its sessions, and what they
   * signed is void.
   */
  end(next: NextEvents, audit?: readonly AuditEntry[]): Promise<Identity | undefined>;
  /** Addresses of those that were ended, oldest first. */
  listEnded(): Promise<string[]>;
}
