import { ProblemError, problemOf } from '@cd-push/protocol';
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether a route is answered whatever the Host header says. */
    anyHost?: boolean;
  }
}

/** Whom the door lets in. Both sets are filled once the server listens. */
export interface Door {
  readonly origins: Set<string>;
  readonly hosts: Set<string>;
}

/**
 * Refuses what a foreign page could send: a Host that is not ours (DNS rebinding) and an Origin that is not listed, also
 * where the browser would not ask first.
 */
export const guardDoor = async (app: FastifyInstance, door: Door): Promise<void> => {
  app.addHook('onRequest', async (request) => {
    const isOurs = door.hosts.has((request.headers.host ?? '').toLowerCase());
    if (!isOurs && request.routeOptions.config.anyHost !== true) {
      throw new ProblemError(problemOf('forbidden-origin', { detail: 'This host name is not served here.' }));
    }
    const { origin } = request.headers;
    if (origin !== undefined && !door.origins.has(origin))
      throw new ProblemError(problemOf('forbidden-origin'));
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  await app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && door.origins.has(origin)),
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type'],
    maxAge: 600,
  });
};

/** The ways in which a Host header names this address: with its port, and without it where the scheme implies it. */
export const hostsOf = (url: URL): string[] => [
  url.host,
  `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`,
];
