import type { Socket } from 'node:net';

import type { FastifyInstance } from 'fastify';

/** Requests under way have this long to come to their end; longer than any takes that comes in at a usual pace. */
const withinMs = 10_000;

/**
 * Lets no connection wait for a next request once the server closes: the answer under way is its last. Nor for a first
 * one: browsers and HTTP clients open connections ahead, which Node does not count as idle and would wait for.
 */
export const endConnections = (app: FastifyInstance): void => {
  let isClosing = false;
  const unasked = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    unasked.add(socket);
    socket.once('close', () => unasked.delete(socket));
    if (isClosing) socket.destroy();
  });
  app.server.on('request', ({ socket }) => unasked.delete(socket));
  app.addHook('preClose', async () => {
    isClosing = true;
    for (const socket of unasked) socket.destroy();
  });
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });
};

/** Closes once the requests under way are answered; what takes too long is cut. */
export const closeGracefully = async (app: FastifyInstance): Promise<void> => {
  const timer = setTimeout(() => app.server.closeAllConnections(), withinMs);
  await app.close();
  clearTimeout(timer);
};
