import { randomUUID } from 'node:crypto';

import {
  AddressSchema,
  ApprovalsAskedSchema,
  grantsRule,
  epochMs,
  JoinCodeSchema,
  LabelsSchema,
  limits,
  NameSchema,
  ProblemError,
  problemOf,
} from '@cd-push/protocol';
import type { User } from '@cd-push/store';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { joinCodeView, JoinCodeViewSchema } from '../answers.ts';
import { joinCodeEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { leftBy } from '../identity/registrar.ts';
import { hashSecret, newSecret } from '../identity/secrets.ts';
import { signedInUser, users, type SignedIn } from '../server/guards.ts';

const NewJoinCodeSchema = Type.Object(
  {
    module: NameSchema,
    environment: NameSchema,
    labels: Type.Optional(LabelsSchema),
    groups: Type.Optional(Type.Array(NameSchema, { maxItems: 32 })),
    /** The only identities that runtimes which enrol by it believe. Default: whichever the issuer certifies. */
    identities: Type.Optional(Type.Array(AddressSchema, { minItems: 1, maxItems: limits.trustedIdentities })),
    /** How many other people have to approve of what is pushed to them. Default 0. */
    approvals: Type.Optional(ApprovalsAskedSchema),
    /** How many runtimes may enrol by it. Default 1. */
    uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    /** Seconds for which it holds. Default one hour, at most 30 days. */
    ttlSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 30 * 24 * 3600 })),
  },
  { additionalProperties: false },
);

/** Codes by which runtimes enrol. A developer sees and makes those for modules that are granted as a whole. */
export const joinCodeRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    const onRequest = users(api, 'developer', 'admin');
    const security = [{ bearer: [] }];

    app.post(
      '/join-codes',
      {
        schema: {
          summary: 'Make a join code; it is shown this once',
          security,
          body: NewJoinCodeSchema,
          response: { 201: JoinCodeSchema },
        },
        onRequest,
      },
      async (request, reply) => {
        const by = signedInUser(request);
        const { user } = by;
        const { module, environment, labels = {}, groups = [], uses = 1, ttlSeconds = 3600 } = request.body;
        const { identities = null, approvals = 0 } = request.body;
        if (!mayEnrol(by, module, environment)) {
          const detail = `No grant covers the whole module "${module}" in "${environment}".`;
          throw new ProblemError(problemOf('forbidden', { detail }));
        }
        await requireGroups(api, user, groups);
        const at = api.now();
        const code = newSecret();
        const id = randomUUID();
        const kept = await api.store.joinCodes.create(
          {
            id,
            hash: hashSecret(code),
            module,
            environment,
            labels,
            groups,
            identities,
            approvals,
            uses,
            createdBy: user.id,
            createdAt: at,
            expiresAt: epochMs(at + ttlSeconds * 1000),
          },
          joinCodeEntry(by, { id, module, environment, groups, approvals }, 'made', at),
        );
        reply.status(201);
        return { id: kept.id, code, expiresAt: kept.expiresAt };
      },
    );

    app.get(
      '/join-codes',
      {
        schema: {
          summary: 'Join codes that still hold',
          security,
          response: { 200: Type.Object({ joinCodes: Type.Array(JoinCodeViewSchema) }) },
        },
        onRequest,
      },
      async (request) => {
        const by = signedInUser(request);
        const codes = await api.store.joinCodes.list(api.now());
        return {
          joinCodes: codes.filter((code) => mayEnrol(by, code.module, code.environment)).map(joinCodeView),
        };
      },
    );

    app.delete(
      '/join-codes/:id',
      {
        schema: {
          summary: 'Withdraw a join code',
          security,
          params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
          response: { 204: Type.Null() },
        },
        onRequest,
      },
      async (request, reply) => {
        const by = signedInUser(request);
        const at = api.now();
        const code = (await api.store.joinCodes.list(at)).find(({ id }) => id === request.params.id);
        // To whom it is forbidden, it does not exist.
        if (code === undefined || !mayEnrol(by, code.module, code.environment)) {
          throw new ProblemError(problemOf('not-found'));
        }
        await api.store.joinCodes.remove(code.id, at, joinCodeEntry(by, code, 'withdrawn', at));
        return reply.status(204).send(null);
      },
    );
  };

/** A runtime gets all of its module, so a grant of a part of it is not enough; nor is a session that is let into a part. */
const mayEnrol = ({ user, session }: SignedIn, module: string, environment: string): boolean =>
  (user.roles.includes('admin') || grantsRule(user.grants, module, environment)) &&
  grantsRule(leftBy(session), module, environment);

/** What is pushed to a group reaches its runtimes, so only members bring new ones in. */
const requireGroups = async (api: Api, user: User, groups: readonly string[]): Promise<void> => {
  if (user.roles.includes('admin') || groups.length === 0) return;
  const own = new Set(await api.store.subscriptions.groupsOf({ kind: 'user', userId: user.id }));
  const index = groups.findIndex((group) => !own.has(group));
  if (index === -1) return;
  const detail = `Only members and admins bring runtimes into "${groups[index]}".`;
  throw new ProblemError(problemOf('forbidden', { path: `/groups/${index}`, detail }));
};
