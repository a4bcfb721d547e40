import { once } from 'node:events';
import { connect } from 'node:net';

import fastify from 'fastify';
import { expect, test, vi } from 'vitest';

import { closeGracefully, endConnections } from '../src/server/closing.ts';

/** A server with one request under way that is answered when the test says so. */
const start = async () => {
  const app = fastify();
  endConnections(app);
  const [entered, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const closing = Promise.withResolvers<void>();
  app.addHook('preClose', async () => closing.resolve());
  app.get('/held', async () => {
    entered.resolve();
    await held.promise;
    return 'done';
  });
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(port), '127.0.0.1');
  const ended = once(socket, 'close');
  let received = '';
  socket.on('data', (bytes) => (received += bytes.toString()));
  socket.on('error', () => {});
  socket.write('GET /held HTTP/1.1\r\nHost: here\r\nConnection: keep-alive\r\n\r\n');
  await entered.promise;
  return { app, held, ended, closing: closing.promise, received: () => received };
};

test('a connection that would be kept ends with the answer that was under way', async () => {
  const { app, held, ended, closing, received } = await start();
  const closed = closeGracefully(app);
  await closing;
  held.resolve();
  await Promise.all([closed, ended]);
  expect(received()).toContain('done');
  expect(received()).toMatch(/connection: close/i);
});

test('a request that never comes to its end is cut after ten seconds', async () => {
  const { app, ended, received } = await start();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const closed = closeGracefully(app);
  vi.advanceTimersByTime(10_000);
  vi.useRealTimers();
  await Promise.all([closed, ended]);
  expect(received()).toBe('');
});

test('a connection that was opened ahead, and asks nothing, holds nobody up', async () => {
  const app = fastify();
  endConnections(app);
  const opened = once(app.server, 'connection');
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(port), '127.0.0.1');
  const ended = once(socket, 'close');
  socket.on('error', () => {});
  await opened;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const closed = closeGracefully(app);
  vi.useRealTimers();
  await expect(Promise.all([closed, ended])).resolves.toHaveLength(2);
});
