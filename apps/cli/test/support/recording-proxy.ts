import { connect, createServer, type Socket } from 'node:net';

/** Stands before a server, and keeps what goes over. */
export interface RecordingProxy extends AsyncDisposable {
  readonly url: string;
  /** First lines of requests: methods and URLs. */
  requests(): string;
  /** Everything that the server has said, to whomever. */
  said(): string;
}

export const startRecordingProxy = async (far: () => string): Promise<RecordingProxy> => {
  const sockets = new Set<Socket>();
  const heard: Buffer[] = [];
  const said: Buffer[] = [];
  const server = createServer((near) => {
    const behind = connect(Number(new URL(far()).port), '127.0.0.1');
    near.on('data', (chunk) => heard.push(chunk));
    behind.on('data', (chunk) => said.push(chunk));
    near.pipe(behind);
    behind.pipe(near);
    for (const socket of [near, behind]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        near.destroy();
        behind.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () =>
      (
        Buffer.concat(heard)
          .toString('latin1')
          .match(/(?:GET|POST|PUT|HEAD|DELETE) \S* HTTP\/1\.1/gu) ?? []
      ).join('\n'),
    said: () => Buffer.concat(said).toString('latin1'),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};
