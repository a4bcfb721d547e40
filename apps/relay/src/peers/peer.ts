import type { CloseReason, Problem, RecipientId, RuntimeHello } from '@cd-push/protocol';

import type { RuntimeSession, Session } from '../authority/session.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';

/** How one connection is written to and ended; each door brings its own. */
export interface Outlet {
  emit(event: string, payload: object): void;
  /** Ends the connection with the named close code, after telling why if there is more to say. */
  cut(reason: CloseReason, problem?: Problem): void;
  readonly isOpen: boolean;
  /** Resolves once what was written has left this process far enough to write more, or the connection has ended. */
  drained(): Promise<void>;
}

/** Version of a resource that a runtime holds. */
export interface Held {
  readonly version: number;
  readonly digest: string | null;
}

/** What a connection has said about the runtime behind it. */
export interface RunningInstance {
  readonly recipient: RecipientId;
  readonly kind: RuntimeHello['kind'];
  readonly base: RuntimeHello['base'];
  readonly retainedBytes: number;
  /** By resource; kept up with every push that it reports completed. */
  readonly held: Map<string, Held>;
  /**
   * Pushes that were accepted while this runtime is still being caught up, in order; undefined once it is up to date and
   * is written to directly.
   */
  waiting: TrackedPush[] | undefined;
}

/** One authenticated connection. */
export interface Peer {
  /** Of the connection, chosen by the relay; says nothing about who it is. */
  readonly id: string;
  readonly outlet: Outlet;
  session: Session;
  /** Set by a runtime's hello. */
  running: RunningInstance | undefined;
}

export interface RuntimePeer extends Peer {
  session: RuntimeSession;
}

export const isRuntimePeer = (peer: Peer): peer is RuntimePeer => peer.session.kind === 'runtime';
