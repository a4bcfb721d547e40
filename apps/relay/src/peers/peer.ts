import type {
  CloseReason,
  EpochMs,
  Problem,
  RecipientId,
  RuntimeHello,
  RuntimePolicy,
} from '@cd-push/protocol';

import type { SessionState } from '@cd-push/timeline';

import type { RuntimeSession, Session } from '../authority/session.ts';

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

/** A push that waits to be sent to one runtime. */
export interface Due {
  readonly offset: number;
  /** Whether it is sent because the runtime was away, and not as it was accepted. */
  readonly isCatchUp: boolean;
  /** Whether it is sent because a further attempt was opened, and so whatever was known when its place was looked at. */
  readonly isRetry: boolean;
}

/** What a connection has said about the runtime behind it. */
export interface RunningInstance {
  readonly recipient: RecipientId;
  readonly kind: RuntimeHello['kind'];
  readonly base: RuntimeHello['base'];
  readonly retainedBytes: number;
  /** By resource; kept up with every push that it reports completed. */
  readonly held: Map<string, Held>;
  /** What it was told last that holds for it. */
  policy: RuntimePolicy;
  /**
   * Guids and offsets of pushes that it was sent for their state, without being a recipient, and has not answered; nobody's
   * track waits for them.
   */
  readonly untracked: Map<string, number>;
  /** When it said hello. */
  readonly since: EpochMs;
  /** Whether it was sent all that it lacked, so that nothing of that is sent again on this connection. */
  isCaughtUp: boolean;
  /**
   * Offsets that were looked at when it was found out what this runtime lacks: what of it is to be sent was named then, and
   * is not sent again when the journal tells of it here. Undefined while that is being found out.
   */
  covered: { readonly upTo: number; readonly besides: ReadonlySet<number> } | undefined;
  /** What this runtime is sent one after the other, in order; undefined while it is up to date and written to directly. */
  waiting: Due[] | undefined;
}

/** One authenticated connection. */
export interface Peer {
  /** Of the connection, chosen by the relay; says nothing about who it is. */
  readonly id: string;
  readonly outlet: Outlet;
  session: Session;
  /**
   * How far the session that was proven on this connection has evolved: a person's, or the one by which a runtime
   * synchronises. Undefined of other runtimes, and of existing clients.
   */
  keystone?: SessionState | undefined;
  /** Set by a runtime's hello. */
  running: RunningInstance | undefined;
}

export interface RuntimePeer extends Peer {
  session: RuntimeSession;
}

/** A runtime that has said hello. */
export interface RunningPeer extends RuntimePeer {
  running: RunningInstance;
}

/** Whether what was accepted at a place was looked at when it was found out what a runtime lacks. */
export const covers = ({ covered }: RunningInstance, offset: number): boolean =>
  covered !== undefined && (offset <= covered.upTo || covered.besides.has(offset));

export const isRuntimePeer = (peer: Peer): peer is RuntimePeer => peer.session.kind === 'runtime';

export const isRunningPeer = (peer: Peer): peer is RunningPeer =>
  peer.session.kind === 'runtime' && peer.running !== undefined;
