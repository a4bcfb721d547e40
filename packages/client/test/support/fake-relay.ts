import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { Server, type Socket } from 'socket.io';

import { isRecord } from './is-record.ts';

export interface FakeRelay extends AsyncDisposable {
  readonly url: string;
  /** Connections that were let in, oldest first. */
  readonly sockets: readonly Socket[];
  /** Tokens that were shown, one for each try. */
  readonly tokens: readonly string[];
  /** Resolves with the nth connection, from 0. */
  connection(index: number): Promise<Socket>;
}

/** A relay that speaks the transport and nothing more; a test says how it answers. */
export const startFakeRelay = async (
  options: {
    /** Why a token is refused, if it is. */
    readonly refuse?: (token: string, attempt: number) => object | undefined;
    readonly onConnection?: (socket: Socket) => void;
    /** Answers what is asked over HTTP. */
    readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
  } = {},
): Promise<FakeRelay> => {
  const http = createServer(options.onRequest);
  const io = new Server(http, { transports: ['websocket'], serveClient: false });
  const sockets: Socket[] = [];
  const tokens: string[] = [];
  const waiting = new Set<() => void>();
  io.use((socket, next) => {
    const auth: unknown = socket.handshake.auth;
    const token = isRecord(auth) ? String(auth.token) : '';
    tokens.push(token);
    const problem = options.refuse?.(token, tokens.length);
    if (problem === undefined) next();
    else next(Object.assign(new Error('refused'), { data: problem }));
  });
  io.on('connection', (socket) => {
    options.onConnection?.(socket);
    challenge(socket);
    sockets.push(socket);
    for (const wake of waiting) wake();
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    tokens,
    connection: async (index) => {
      for (;;) {
        const socket = sockets[index];
        if (socket !== undefined) return socket;
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
    },
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await io.close();
    },
  };
};

/** As a relay does with a person's connection, but whatever is proven is taken. */
const challenge = (socket: Socket): void => {
  if (socket.handshake.auth.genesis === undefined) return;
  answering(socket, 'connect-proof', () => ({ status: true, session: `b${'a'.repeat(58)}` }));
  socket.emit('connect-challenge', { challenge: 'a.b.c', relayCertificate: 'a.b.c' });
};

/** Answers an event with what a function gives for its payload. */
export const answering = (socket: Socket, event: string, give: (payload: unknown) => unknown): void => {
  socket.on(event, (payload: unknown, answer: (value: unknown) => void) => answer(give(payload)));
};

/** Closes the WebSocket below a connection with a code, as the relay does. */
export const cutWith = (socket: Socket, code: number): void => {
  const { transport } = socket.conn;
  if (!('socket' in transport)) throw new TypeError('Not a WebSocket.');
  const { socket: webSocket } = transport as { readonly socket: WebSocket };
  webSocket.close(code);
};
