import { NameSchema, ProblemError, problemOf } from '@cd-push/protocol';
import type { Member, User } from '@cd-push/store';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { subscriptionView, SubscriptionViewSchema } from '../answers.ts';
import { membershipEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { signedInUser, users } from '../server/guards.ts';

const NewSubscriptionSchema = Type.Object(
  {
    group: NameSchema,
    /** Either a user or a runtime. */
    userId: Type.Optional(Type.Integer({ minimum: 1 })),
    guid: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  },
  { additionalProperties: false, minProperties: 2, maxProperties: 2 },
);

/** inteRact: who is in which group. Members see their groups, admins see and change all. */
export const subscriptionRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    const security = [{ bearer: [] }];

    app.get(
      '/interact/subscriptions',
      {
        schema: {
          summary: 'Members of groups',
          security,
          querystring: Type.Object({ group: Type.Optional(NameSchema) }, { additionalProperties: false }),
          response: { 200: Type.Object({ subscriptions: Type.Array(SubscriptionViewSchema) }) },
        },
        onRequest: users(api),
      },
      async (request) => {
        const { user } = signedInUser(request);
        const all = await api.store.subscriptions.list(request.query.group);
        const visible = await visibleGroups(api, user);
        return { subscriptions: all.filter(({ group }) => visible(group)).map(subscriptionView) };
      },
    );

    app.post(
      '/interact/subscriptions',
      {
        schema: {
          summary: 'Take a user or a runtime into a group',
          security,
          body: NewSubscriptionSchema,
          response: { 200: SubscriptionViewSchema },
        },
        onRequest: users(api, 'admin'),
      },
      async (request) => {
        const { group, userId, guid } = request.body;
        const member = memberOf(userId, guid);
        const at = api.now();
        const kept =
          member &&
          (await api.store.subscriptions.add(
            group,
            member,
            at,
            membershipEntry(signedInUser(request), { group, member }, 'joins', at),
          ));
        if (kept === undefined) {
          const path = userId === undefined ? '/guid' : '/userId';
          throw new ProblemError(problemOf('not-found', { path, detail: 'No such user or runtime.' }));
        }
        return subscriptionView(kept);
      },
    );

    app.delete(
      '/interact/subscriptions/:id',
      {
        schema: {
          summary: 'Take a member out of a group',
          security,
          params: Type.Object({ id: Type.Integer({ minimum: 1 }) }),
          response: { 204: Type.Null() },
        },
        onRequest: users(api, 'admin'),
      },
      async (request, reply) => {
        const { id } = request.params;
        const at = api.now();
        const subscription = await api.store.subscriptions.get(id);
        const removed =
          subscription !== undefined &&
          (await api.store.subscriptions.remove(
            id,
            at,
            membershipEntry(signedInUser(request), subscription, 'leaves', at),
          ));
        if (!removed) throw new ProblemError(problemOf('not-found'));
        return reply.status(204).send(null);
      },
    );
  };

const memberOf = (userId: number | undefined, guid: string | undefined): Member | undefined => {
  if (userId !== undefined) return { kind: 'user', userId };
  return guid === undefined ? undefined : { kind: 'runtime', guid };
};

const visibleGroups = async (api: Api, user: User): Promise<(group: string) => boolean> => {
  if (user.roles.includes('admin')) return () => true;
  const own = new Set(await api.store.subscriptions.groupsOf({ kind: 'user', userId: user.id }));
  return (group) => own.has(group);
};
