import { parseResource, ProblemError, problemOf, type Grant } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { DisplayNameSchema, GrantsSchema, RolesSchema, userRecord, UserRecordSchema } from '../answers.ts';
import {
  grantsEntry,
  rolesEntry,
  sessionEndedEntry,
  userMadeEntry,
  userRemovedEntry,
} from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { hashPassword } from '../identity/password.ts';
import { signedInUser, users } from '../server/guards.ts';

const NewUserSchema = Type.Object(
  {
    userName: DisplayNameSchema,
    /** At least 12 characters (NIST SP 800-63B asks for 8 and for no other rule). */
    password: Type.String({ minLength: 12, maxLength: 1024 }),
    roles: Type.Optional(RolesSchema),
    grants: Type.Optional(GrantsSchema),
  },
  { additionalProperties: false },
);
const IdParamsSchema = Type.Object({ id: Type.Integer({ minimum: 1 }) });

/** Users, their roles and what they may push; for admins. */
export const userRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    const onRequest = users(api, 'admin');
    const security = [{ bearer: [] }];

    app.get(
      '/users',
      {
        schema: {
          summary: 'All users',
          security,
          response: { 200: Type.Object({ users: Type.Array(UserRecordSchema) }) },
        },
        onRequest,
      },
      async () => ({ users: (await api.store.users.list()).map((user) => userRecord(api, user)) }),
    );

    app.post(
      '/users',
      {
        schema: {
          summary: 'Make a user',
          security,
          body: NewUserSchema,
          response: { 201: UserRecordSchema },
        },
        onRequest,
      },
      async (request, reply) => {
        const { userName, password, roles = [], grants = [] } = request.body;
        requirePrefixes(grants);
        const passwordHash = await hashPassword(password);
        const at = api.now();
        const user = await api.store.users.create(
          { name: userName, passwordHash, roles, grants, at },
          (made) => userMadeEntry(signedInUser(request), made, at),
        );
        if (user === undefined) {
          throw new ProblemError(
            problemOf('conflict', { path: '/userName', detail: 'This user name is taken.' }),
          );
        }
        reply.status(201);
        return userRecord(api, user);
      },
    );

    app.put(
      '/users/:id/grants',
      {
        schema: {
          summary: 'What a user may push',
          security,
          params: IdParamsSchema,
          body: Type.Object({ grants: GrantsSchema }, { additionalProperties: false }),
          response: { 200: UserRecordSchema },
        },
        onRequest,
      },
      async (request) => {
        const { id } = request.params;
        const { grants } = request.body;
        requirePrefixes(grants);
        const at = api.now();
        await api.store.users.setGrants(id, grants, at, grantsEntry(signedInUser(request), id, grants, at));
        return userRecord(api, await existing(api, id));
      },
    );

    app.put(
      '/users/:id/roles',
      {
        schema: {
          summary: 'What a user is',
          security,
          params: IdParamsSchema,
          body: Type.Object({ roles: RolesSchema }, { additionalProperties: false }),
          response: { 200: UserRecordSchema },
        },
        onRequest,
      },
      async (request) => {
        const by = signedInUser(request);
        const { id } = request.params;
        const { roles } = request.body;
        if (id === by.user.id && !roles.includes('admin')) {
          throw new ProblemError(
            problemOf('conflict', { path: '/roles', detail: 'Let another admin take this role from you.' }),
          );
        }
        const at = api.now();
        await api.store.users.setRoles(id, roles, at, rolesEntry(by, id, roles, at));
        return userRecord(api, await existing(api, id));
      },
    );

    app.delete(
      '/users/:id',
      {
        schema: {
          summary: 'Remove a user and end the user’s sessions',
          security,
          params: IdParamsSchema,
          response: { 204: Type.Null() },
        },
        onRequest,
      },
      async (request, reply) => {
        const by = signedInUser(request);
        const { id } = request.params;
        if (id === by.user.id) {
          throw new ProblemError(problemOf('conflict', { detail: 'Let another admin remove you.' }));
        }
        const at = api.now();
        const removed = await api.store.users.remove(id, at, userRemovedEntry(by, id, at));
        if (!removed) throw new ProblemError(problemOf('not-found'));
        return reply.status(204).send(null);
      },
    );

    app.delete(
      '/sessions/:sid',
      {
        schema: {
          summary: 'End a session and void what it signed',
          security,
          params: Type.Object({ sid: Type.String({ maxLength: 64 }) }),
          response: { 204: Type.Null() },
        },
        onRequest,
      },
      async (request, reply) => {
        const { sid } = request.params;
        const at = api.now();
        const entry = sessionEndedEntry(signedInUser(request), sid, at);
        const ended = await api.store.sessions.revoke(sid, 'withdrawn', at, entry);
        if (!ended) throw new ProblemError(problemOf('not-found'));
        return reply.status(204).send(null);
      },
    );
  };

/** A grant is of everything, of a module, or of a canonical name below it; another spelling would cover nothing. */
const requirePrefixes = (grants: readonly Grant[]): void => {
  for (const [index, { prefix }] of grants.entries()) {
    if (prefix === '/') continue;
    const parsed = parseResource(`${prefix.replace(/\/$/, '')}/any`, `/grants/${index}/prefix`);
    if (!parsed.ok) throw new ProblemError({ ...parsed.problem, ...problemOf('invalid-request') });
  }
};

const existing = async (api: Api, id: number) => {
  const user = await api.store.users.get(id);
  if (user === undefined) throw new ProblemError(problemOf('not-found'));
  return user;
};
