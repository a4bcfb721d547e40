import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import { limits, problemOf, type Problem } from '@cd-push/protocol';
import { Server as EngineServer, type Socket as Connection } from 'engine.io';
import { Server, type Socket } from 'socket.io';
import type { Adapter } from 'socket.io-adapter';
import { WebSocketServer } from 'ws';

import type { Challenge } from '../authority/challenges.ts';
import type { Session } from '../authority/session.ts';
import { factsOf, type Log } from '../log.ts';
import type { Broadcast } from '../line/emit.ts';
import type { Peer } from '../peers/peer.ts';
import type { Admission } from './admission.ts';
import type { Asking } from './asking.ts';
import { bearerOf } from './bearer.ts';
import type { ClientAddress } from './client-address.ts';
import { guardedParser, Undecodable } from './guarded-parser.ts';
import { Proving } from './proving.ts';
import { SocketOutlet } from './socket-outlet.ts';
import { Thresholds } from './threshold.ts';

/** Who is at the door, and what has to be answered before anything else is heard; nothing by runtimes. */
export interface Admitted {
  readonly session: Session;
  readonly challenge: Challenge | undefined;
}

/** What a door hands over; the reception behind it is the same for every door. */
export interface Reception {
  /**
   * Who a token stands for, or why nobody. Never rejects.
   *
   * @param genesis first frame of a person's session.
   */
  admit(token: string | undefined, genesis: unknown): Promise<Admitted | { problem: Problem }>;
  enter(peer: Peer): void;
  /** One message; `answer` is there if the sender waits for one. Never rejects. */
  receive(
    peer: Peer,
    event: string,
    payload: unknown,
    answer: ((value: object) => void) | undefined,
  ): Promise<void>;
  /** A message that could not be read, and was answered with this. */
  refused(peer: Peer, event: string, problem: Problem): void;
  leave(peer: Peer): void;
}

/** Path under which Socket.IO is spoken; clients know it as the default. */
const path = '/socket.io/';
/** Messages in a row that are no JSON, after which a peer is taken to speak something else. */
const garbageAllowed = 16;
/** Messages of one peer that are still being answered; past this it is cut for its rate. */
const unansweredAllowed = 4_096;
const connectWithinMs = 10_000;
const pingIntervalMs = 25_000;
const pingTimeoutMs = 20_000;

/** What relays say to each other: look at the journal. */
const wakeUp = 'look';

interface DoorOptions {
  readonly longPolling: boolean;
  readonly addressOf: ClientAddress;
  readonly asking: Asking;
  /** How other relays are spoken to, and what is done when one has spoken; undefined where there are none. */
  readonly others:
    | { readonly adapter: (namespace: unknown) => Adapter; readonly heard: () => void }
    | undefined;
}

class Engine extends EngineServer {
  /** The connection that a request says it belongs to. */
  connectionOf({ url = '' }: IncomingMessage): Connection | undefined {
    const id = new URL(url, 'http://relay').searchParams.get('sid');
    return id !== null && Object.hasOwn(this.clients, id) ? this.clients[id] : undefined;
  }
}

/** Speaks Socket.IO, over WebSocket, and over long polling where existing clients come, which begin with it. */
export class SocketIoDoor {
  readonly #engine: Engine;
  readonly #io: Server;
  readonly #admission: Admission;
  readonly #reception: Reception;
  readonly #log: Log;
  readonly #thresholds: Thresholds;
  readonly #admitted = new WeakMap<Socket, Admitted>();
  #isDraining = false;
  /** Messages of all peers that are being answered. */
  #unanswered = 0;
  #answered: () => void = () => {};

  constructor(
    admission: Admission,
    reception: Reception,
    log: Log,
    { longPolling, addressOf, asking, others }: DoorOptions,
  ) {
    this.#thresholds = new Thresholds(addressOf, asking);
    this.#admission = admission;
    this.#reception = reception;
    this.#log = log;
    // Half-open peers are noticed after 25 + 20 s.
    this.#engine = new Engine({
      transports: longPolling ? ['polling', 'websocket'] : ['websocket'],
      pingInterval: pingIntervalMs,
      pingTimeout: pingTimeoutMs,
      maxHttpBufferSize: limits.frameBytes,
      wsEngine: WebSocketServer,
      perMessageDeflate: false,
      cors: {
        origin: (origin: string | undefined, answer: (error: null, allowed: boolean) => void) =>
          answer(null, origin !== undefined && admission.isKnownOrigin(origin)),
      },
    });
    this.#engine.on('connection', (connection: Connection) => this.#thresholds.open(connection));
    // Connection state recovery stays off: it would skip the check of the session.
    this.#io = new Server({
      parser: guardedParser,
      serveClient: false,
      connectTimeout: connectWithinMs,
      cleanupEmptyChildNamespaces: true,
      ...(others === undefined ? {} : { adapter: others.adapter }),
    });
    if (others !== undefined) this.#io.on(wakeUp, () => others.heard());
    this.#io.bind(this.#engine);
    this.#io.use((socket, next) => void this.#admit(socket, next));
    this.#io.on('connection', (socket) => this.#enter(socket));
  }

  /** Answers requests of this door's path; others are left to the caller. */
  handles({ url = '' }: IncomingMessage): boolean {
    return url.startsWith(path);
  }

  request(request: IncomingMessage, response: ServerResponse): void {
    const problem = this.#admission.refusal(request);
    if (problem === undefined) this.#engine.handleRequest(request, response);
    else {
      this.#log.warn({ kind: problem.kind, path: problem.path }, 'A request was refused at the door.');
      response
        .writeHead(problem.status, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify(problem));
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const problem = this.#admission.refusal(request);
    if (problem === undefined) {
      const upgraded = this.#engine.connectionOf(request);
      this.#engine.handleUpgrade(request, socket, head);
      if (upgraded !== undefined) this.#thresholds.upgrade(upgraded, socket);
    } else {
      this.#log.warn({ kind: problem.kind, path: problem.path }, 'An upgrade was refused at the door.');
      refuseUpgrade(socket, problem);
    }
  }

  readonly broadcast: Broadcast = (peers, event, payload, bytes) => {
    const parts = bytes === undefined ? [payload] : [payload, bytes];
    this.#io.local.to(peers.map(({ id }) => id)).emit(event, ...parts);
    for (const { outlet } of peers) if (outlet instanceof SocketOutlet) outlet.cutIfSlow();
  };

  /** Tells the other relays to look at the journal; where it is lost, they look by themselves soon. */
  wake(): void {
    this.#io.serverSideEmit(wakeUp);
  }

  /** Takes no further message; resolves when those that were taken are answered. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#unanswered === 0) return;
    await new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
  }

  async close(): Promise<void> {
    await this.#io.close();
  }

  async #admit(socket: Socket, next: (error?: Error) => void): Promise<void> {
    const shown: unknown = socket.handshake.auth.genesis;
    const look = () => this.#reception.admit(tokenOf(socket), shown);
    const admitted = await this.#thresholds.ask(socket.conn, look);
    if ('problem' in admitted) {
      next(Object.assign(new Error(admitted.problem.title), { data: admitted.problem }));
      return;
    }
    this.#admitted.set(socket, admitted);
    next();
  }

  #enter(socket: Socket): void {
    const admitted = this.#admitted.get(socket);
    if (admitted === undefined) {
      socket.disconnect(true);
      return;
    }
    this.#admitted.delete(socket);
    letGoOfRequest(socket);
    const { session, challenge } = admitted;
    const outlet = new SocketOutlet(socket);
    const peer: Peer = { id: socket.id, outlet, session, running: undefined };
    const enter = (): void => {
      this.#thresholds.admit(socket.conn);
      socket.on('disconnect', () => this.#reception.leave(peer));
      this.#reception.enter(peer);
    };
    const proving =
      challenge &&
      new Proving(challenge, outlet, (keystone) => {
        peer.keystone = keystone;
        enter();
      });
    let garbage = 0;
    let unanswered = 0;
    // Everything that comes in passes here and nowhere else: nothing is handed on to listeners by name, among which a
    // peer could call for Node's own `error`.
    socket.use((packet) => {
      const parts: readonly unknown[] = packet;
      const [name, payload] = parts;
      const event = String(name);
      const reply = replyOf(parts);
      if (payload instanceof Undecodable) {
        if (proving?.isOpen === true) {
          outlet.cut('garbage');
          return;
        }
        if (payload.problem.kind === 'invalid-json') garbage += 1;
        this.#reception.refused(peer, event, payload.problem);
        if (reply === undefined) outlet.emit('problem', payload.problem);
        else reply({ status: false, error: payload.problem });
        if (garbage > garbageAllowed) outlet.cut('garbage');
        return;
      }
      garbage = 0;
      if (proving?.isOpen === true) {
        proving.hear(event, payload, reply);
        return;
      }
      if (this.#isDraining) {
        // The connection is cut in a moment, and the peer asks elsewhere.
        reply?.({ status: false, error: problemOf('unavailable', { retryAfter: 1 }) });
        return;
      }
      unanswered += 1;
      if (unanswered > unansweredAllowed) outlet.cut('rate', problemOf('rate-limited', { retryAfter: 1 }));
      if (!outlet.isOpen) return;
      this.#unanswered += 1;
      const received = this.#reception.receive(peer, event, isReply(payload) ? undefined : payload, reply);
      void received
        .catch((error: unknown) => this.#log.error(factsOf(error), 'A message could not be answered.'))
        .finally(() => {
          unanswered -= 1;
          this.#unanswered -= 1;
          if (this.#unanswered === 0) this.#answered();
        });
    });
    if (proving === undefined) {
      enter();
      return;
    }
    socket.on('disconnect', () => proving.end());
    socket.emit('connect-challenge', proving.demand);
  }
}

/**
 * Everything that was said in the opening request, the token included, has been looked at by now: Socket.IO would keep it for
 * as long as the connection lasts, which is a quarter of what an idle one costs.
 */
const letGoOfRequest = (socket: Socket): void => {
  Reflect.set(socket.conn, 'request', null);
  Reflect.set(socket, 'handshake', forgotten);
};

const forgotten: object = Object.freeze({ headers: {}, query: {}, auth: {} });

const tokenOf = ({ handshake }: Socket): string | undefined => {
  const shown: unknown = handshake.auth.token ?? handshake.auth.cd_token;
  if (typeof shown === 'string' && shown !== '') return shown;
  return bearerOf(handshake);
};

type Reply = (value: object) => void;

/** Socket.IO puts a function of its own last where the sender waits for an answer; JSON holds none. */
const isReply = (part: unknown): part is Reply => typeof part === 'function';

const replyOf = (parts: readonly unknown[]): Reply | undefined => {
  const last = parts.at(-1);
  return isReply(last) ? last : undefined;
};

const refuseUpgrade = (socket: Duplex, problem: Problem): void => {
  const body = JSON.stringify(problem);
  socket.on('error', () => {});
  socket.end(
    [
      `HTTP/1.1 ${problem.status} Forbidden`,
      'Connection: close',
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
};
