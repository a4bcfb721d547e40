import { ProblemError, problemOf, RuntimeViewSchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { runtimeView } from '../answers.ts';
import { runtimeRemovedEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { signedInUser, users } from '../server/guards.ts';

/** Runtimes that have enrolled; for admins. */
export const runtimeRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    const onRequest = users(api, 'admin');
    const security = [{ bearer: [] }];

    app.get(
      '/runtimes',
      {
        schema: {
          summary: 'All runtimes',
          security,
          response: { 200: Type.Object({ runtimes: Type.Array(RuntimeViewSchema) }) },
        },
        onRequest,
      },
      async () => ({ runtimes: (await api.store.runtimes.list()).map(runtimeView) }),
    );

    app.delete(
      '/runtimes/:guid',
      {
        schema: {
          summary: 'Withdraw a runtime’s credential',
          security,
          params: Type.Object({ guid: Type.String({ maxLength: 128 }) }),
          response: { 204: Type.Null() },
        },
        onRequest,
      },
      async (request, reply) => {
        const { guid } = request.params;
        const at = api.now();
        const entry = runtimeRemovedEntry(signedInUser(request), guid, at);
        const removed = await api.store.runtimes.remove(guid, at, entry);
        if (!removed) throw new ProblemError(problemOf('not-found'));
        return reply.status(204).send(null);
      },
    );
  };
