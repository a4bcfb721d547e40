import { createServer, connect, type Socket } from 'node:net';

/** What a proxy does once a sender has sent so much that it can only be a push. */
type Swallows = 'nothing' | 'the push' | 'the answer';

/** Stands between a sender and its relay, and loses what it is told to. */
export interface SwallowingProxy extends AsyncDisposable {
  readonly url: string;
  /** Holds for connections that are made from then on. */
  swallows: Swallows;
  /** Resolves when a push has come in, whatever became of it. */
  pushed(): Promise<void>;
}

/** More than everything that a sender says besides its push. */
const pushBytes = 100_000;

export const startSwallowingProxy = async (relayUrl: () => string): Promise<SwallowingProxy> => {
  const sockets = new Set<Socket>();
  const came = Promise.withResolvers<void>();
  const proxy = { swallows: 'nothing' as Swallows };
  const server = createServer((near) => {
    const { swallows } = proxy;
    const far = connect(Number(new URL(relayUrl()).port), '127.0.0.1');
    let sent = 0;
    const isPushed = (): boolean => sent > pushBytes;
    near.on('data', (chunk) => {
      sent += chunk.length;
      if (isPushed()) came.resolve();
      if (!(isPushed() && swallows === 'the push')) far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (!(isPushed() && swallows === 'the answer')) near.write(chunk);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => one.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${port}`,
    pushed: () => came.promise,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
};
