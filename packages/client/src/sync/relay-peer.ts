import { ProblemError, problemOf } from '@cd-push/protocol';
import type { SyncPeer } from '@cd-push/timeline';

import type { Connection } from '../connection/connection.ts';

/** What synchronising needs of a connection. */
export type SyncConnection = Pick<
  Connection,
  'clock' | 'status' | 'onStatus' | 'opened' | 'request' | 'close' | 'syncSigning'
>;

/** How often a turn is brought again that a relay does not answer in time: it may be at work, and knows the turn by then. */
const bringsAllowed = 12;

export interface RelayPeerOptions {
  /** Whether the connection ends with what it serves. */
  readonly closesConnection: boolean;
}

/**
 * The way to a relay on a connection that is open. A connection that breaks is the end of it, also where it comes back by
 * itself: it does as another session.
 */
export const relayPeer = (connection: SyncConnection, { closesConnection }: RelayPeerOptions): SyncPeer => {
  const broken = new AbortController();
  const look = (): void => {
    const { status } = connection;
    if (status.state === 'open') return;
    const detail = 'The connection broke before the relay answered.';
    broken.abort(new ProblemError(status.problem ?? problemOf('unavailable', { detail })));
  };
  const forget = connection.onStatus(look);
  look();
  let isClosed = false;
  return {
    exchange: async (turn, signal) => {
      const until = AbortSignal.any([signal, broken.signal]);
      for (let brought = 1; ; brought += 1) {
        until.throwIfAborted();
        try {
          return await connection.request('sync-turn', turn, { signal: until });
        } catch (error) {
          const isLate = error instanceof ProblemError && error.problem.kind === 'timeout';
          if (!isLate || brought === bringsAllowed) throw error;
        }
      }
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      forget();
      const detail = 'The synchronisation was ended on this side.';
      broken.abort(new ProblemError(problemOf('unavailable', { detail })));
      if (closesConnection) connection.close();
    },
  };
};
