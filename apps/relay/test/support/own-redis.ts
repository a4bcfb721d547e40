import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createClient } from 'redis';
import { onTestFinished } from 'vitest';

/** A Redis that a test may flush and stop. */
export interface OwnRedis {
  readonly url: string;
  flush(): Promise<void>;
  stop(): Promise<void>;
  /** On the same port, with nothing in it. */
  start(): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

export const startOwnRedis = async (): Promise<OwnRedis> => {
  const folder = mkdtempSync(join(tmpdir(), 'cd-push-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    const stopping = server;
    server = undefined;
    if (stopping === undefined) return;
    const exited = once(stopping, 'exit');
    stopping.kill('SIGKILL');
    await exited;
  };
  const start = async (): Promise<void> => {
    server = spawn(
      'redis-server',
      ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder],
      {
        stdio: 'ignore',
      },
    );
    // It tries until the server listens.
    const client = createClient({ url });
    client.on('error', () => {});
    await client.connect();
    client.destroy();
  };
  const flush = async (): Promise<void> => {
    const client = createClient({ url });
    await client.connect();
    await client.flushAll();
    client.destroy();
  };
  onTestFinished(async () => {
    await stop();
    rmSync(folder, { recursive: true });
  });
  await start();
  return { url, flush, stop, start };
};
