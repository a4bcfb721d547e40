import {
  builtInTriggers,
  eventCatalogue,
  NameSchema,
  ProblemError,
  problemOf,
  reservedEvents,
  type Trigger,
} from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { triggerEntry, triggerRemovedEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { services, signedInUser, users } from '../server/guards.ts';
import { either } from '../server/either.ts';

const TriggerSchema = Type.Object({
  trigger: NameSchema,
  emits: NameSchema,
  carries: Type.Unsafe<Trigger['carries']>(Type.Enum(['patch', 'notice', 'operation', 'none'])),
  builtIn: Type.Boolean(),
});
const PutTriggerSchema = Type.Object(
  { emits: TriggerSchema.properties.emits, carries: TriggerSchema.properties.carries },
  { additionalProperties: false },
);
const NameParamsSchema = Type.Object({ trigger: NameSchema });

/** The trigger registry: what senders may send, and under which event recipients hear of it. */
export const triggerRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/interact/triggers',
      {
        schema: {
          summary: 'Every registered trigger',
          security: [{ bearer: [] }, { service: [] }],
          response: { 200: Type.Object({ triggers: Type.Array(TriggerSchema) }) },
        },
        onRequest: either(services(api), users(api)),
      },
      async () => ({
        triggers: [
          ...builtInTriggers.map((trigger) => ({ ...trigger, builtIn: true })),
          ...(await api.store.triggers.list()).map((trigger) => ({ ...trigger, builtIn: false })),
        ],
      }),
    );

    app.put(
      '/interact/triggers/:trigger',
      {
        schema: {
          summary: 'Register a trigger',
          security: [{ bearer: [] }],
          params: NameParamsSchema,
          body: PutTriggerSchema,
          response: { 200: TriggerSchema },
        },
        onRequest: users(api, 'admin'),
      },
      async (request) => {
        const { trigger } = request.params;
        const { emits, carries } = request.body;
        refuseTaken(trigger, '/trigger');
        if (isReserved(emits)) {
          throw new ProblemError(
            problemOf('forbidden', { path: '/emits', detail: `The event "${emits}" is reserved.` }),
          );
        }
        const at = api.now();
        const registered = { trigger, emits, carries };
        await api.store.triggers.put(registered, at, triggerEntry(signedInUser(request), registered, at));
        return { trigger, emits, carries, builtIn: false };
      },
    );

    app.delete(
      '/interact/triggers/:trigger',
      {
        schema: {
          summary: 'Take a trigger out of the registry',
          security: [{ bearer: [] }],
          params: NameParamsSchema,
          response: { 204: Type.Null() },
        },
        onRequest: users(api, 'admin'),
      },
      async (request, reply) => {
        const { trigger } = request.params;
        refuseTaken(trigger, '/trigger');
        const at = api.now();
        const entry = triggerRemovedEntry(signedInUser(request), trigger, at);
        if (!(await api.store.triggers.remove(trigger, at, entry)))
          throw new ProblemError(problemOf('not-found'));
        return reply.status(204).send(null);
      },
    );
  };

const builtInNames: ReadonlySet<string> = new Set(builtInTriggers.map(({ trigger }) => trigger));
/** Events of the protocol that carry no envelope to recipients; emitting one would forge it. */
const protocolEvents: ReadonlySet<string> = new Set(
  Object.entries(eventCatalogue)
    .filter(([, { payload }]) => payload !== 'CdPushEnvelop')
    .map(([name]) => name),
);

const isReserved = (event: string): boolean => reservedEvents.has(event) || protocolEvents.has(event);

const refuseTaken = (trigger: string, path: string): void => {
  if (builtInNames.has(trigger)) {
    throw new ProblemError(
      problemOf('forbidden', { path, detail: `"${trigger}" is built in and stays as it is.` }),
    );
  }
  if (isReserved(trigger)) {
    throw new ProblemError(problemOf('forbidden', { path, detail: `The event "${trigger}" is reserved.` }));
  }
};
