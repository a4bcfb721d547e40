import {
  SyncSession,
  type Relations,
  type Space,
  type SyncResult,
  type SyncWanted,
  type SyntaxCheck,
} from '@cd-push/timeline';

import { connect } from '../connection/connection.ts';
import type { SessionSource } from '../session/access.ts';
import type { RuntimeSession } from '../session/runtime-session.ts';
import { relayPeer, type SyncConnection } from './relay-peer.ts';
import { runtimeSigning } from './runtime-signing.ts';

interface SyncOptions {
  /** This side's timelines. */
  readonly space: Space;
  /** Parsers that judge finer merges of texts. */
  readonly syntax?: SyntaxCheck | undefined;
  /** Of the space, where several synchronisations share them. */
  readonly relations?: Relations | undefined;
}

export interface OpenSyncOptions extends SyncOptions {
  /** Of a runtime's connection: who it is. It reads the history of what it runs, and changes nothing at the relay. */
  readonly runtime?: RuntimeSession | undefined;
}

/**
 * Synchronises on a connection that serves other purposes as well, one saga after the other. A connection synchronises by
 * one such session: where a person's ends, so does what the connection can do here; a runtime opens another one.
 *
 * @throws ProblemError why the connection is not open; `forbidden` where no identity is behind it; what {@link runtimeSigning}
 * throws; the signal's reason.
 */
export const openSync = async (
  connection: SyncConnection,
  { runtime, ...options }: OpenSyncOptions,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SyncSession> => {
  await connection.opened({ signal });
  const signing =
    runtime === undefined ? connection.syncSigning() : await runtimeSigning(connection, runtime, { signal });
  const peer = relayPeer(connection, { closesConnection: false });
  return new SyncSession({ ...options, signing, peer, isKeptOpen: true });
};

export interface SyncOnceOptions extends SyncOptions {
  readonly relayUrl: string;
  /** Whoever is signed in, or a runtime; see {@link openSync}. */
  readonly session: SessionSource | RuntimeSession;
  readonly wanted: SyncWanted;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Synchronises once, on a connection of its own that is closed whatever comes of it.
 *
 * @throws ProblemError where the relay cannot be reached, or what did not hold; the signal's reason.
 */
export const syncOnce = async ({
  relayUrl,
  session,
  wanted,
  signal,
  ...options
}: SyncOnceOptions): Promise<SyncResult> => {
  const connection = connect({ relayUrl, session });
  try {
    await connection.opened({ signal, patience: 'first-failure' });
    const signing =
      'connecting' in session
        ? connection.syncSigning()
        : await runtimeSigning(connection, session, { signal });
    const peer = relayPeer(connection, { closesConnection: true });
    const sync = new SyncSession({ ...options, signing, peer });
    return await sync.sync(wanted, signal === undefined ? {} : { signal }).done;
  } finally {
    connection.close();
  }
};
