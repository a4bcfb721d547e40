import type { Grant, PublicKey } from '@cd-push/protocol';

/** A signed-in session as it is kept between processes. It holds secrets: the token and the refresh token. */
export interface StoredSession {
  readonly apiUrl: string;
  readonly issuer: string;
  readonly tenant: string;
  /** The issuer's keys as they were at login; what they signed is believed. */
  readonly keys: readonly PublicKey[];
  readonly user: {
    readonly id: number;
    readonly guid: string;
    readonly name: string;
    readonly subject: string;
    readonly roles: readonly string[];
  };
  /** Names the session in revocations and in certificates: `initUuid` of the api's answers. */
  readonly sessionId: string;
  readonly token: string;
  /** Milliseconds since the epoch on the servers' clock. */
  readonly tokenExpiresAt: number;
  readonly tokenLifetimeMs: number;
  readonly refreshToken: string;
  /** Shown with every push, never secret; null in a session without a key, which cannot push. */
  readonly certificate: string | null;
  readonly grants: readonly Grant[];
  /** Servers' clock minus this machine's, as last measured. */
  readonly clockOffsetMs: number;
}

/** Where a session is kept: a file that only its owner may read, IndexedDB, memory. */
export interface SessionStore {
  load(): Promise<StoredSession | undefined>;
  save(session: StoredSession): Promise<void>;
  clear(): Promise<void>;
  /**
   * Runs a step while no other process or tab that shares this store does. A refresh token counts once: two that use
   * the same one end the session.
   */
  exclusively<Value>(step: () => Promise<Value>): Promise<Value>;
}

/** Keeps a session for as long as the process or page lives. */
export const memorySessionStore = (): SessionStore => {
  let kept: StoredSession | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return {
    load: async () => kept,
    save: async (session) => {
      kept = session;
    },
    clear: async () => {
      kept = undefined;
    },
    exclusively: (step) => {
      const turn = last.then(step, step);
      last = turn;
      return turn;
    },
  };
};
