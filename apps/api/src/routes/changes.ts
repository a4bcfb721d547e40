import type { ServerResponse } from 'node:http';

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import type { Api } from '../context.ts';
import { streamChanges } from '../server/change-stream.ts';
import { services } from '../server/guards.ts';

const QuerySchema = Type.Object(
  {
    /** Sequence of the last row that the reader has. Without it the stream starts at the head. */
    after: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
);

/**
 * The change feed as server-sent events: `id` is the sequence, `event` the kind, `data` the change. The first event is
 * `ready` at the sequence from which it goes on, or `reset` where that cannot be told: the reader's sequence was never
 * reached here, so that what it has loaded is of another store, or what follows it is kept no more. It has to load anew.
 */
export const changesRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    const streams = new Set<ServerResponse>();
    app.addHook('preClose', async () => {
      for (const stream of streams) stream.end();
    });

    app.get(
      '/changes',
      {
        schema: {
          summary: 'What changed, as it happens (server-sent events)',
          security: [{ service: [] }],
          produces: ['text/event-stream'],
          querystring: QuerySchema,
        },
        onRequest: services(api),
      },
      async (request, reply) => {
        const { changes } = api.store;
        const [tail, head] = [await changes.tail(), await changes.head()];
        const wanted = readSequence(request.headers['last-event-id']) ?? request.query.after ?? head;
        const known = wanted <= head && wanted >= tail - 1;
        const start = known ? wanted : head;

        reply.hijack();
        const stream = reply.raw;
        streams.add(stream);
        stream.on('close', () => streams.delete(stream));
        for (const [name, value] of Object.entries(reply.getHeaders())) {
          if (value !== undefined) stream.setHeader(name, value);
        }
        stream.writeHead(200, {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        });
        stream.write(`event: ${known ? 'ready' : 'reset'}\nid: ${start}\ndata: {}\n\n`);
        streamChanges(stream, changes, api.watch, start, (error) =>
          request.log.error({ err: error }, 'the change feed could not be read'),
        );
      },
    );
  };

const readSequence = (text: string | string[] | undefined): number | undefined =>
  typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
