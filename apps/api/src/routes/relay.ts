import {
  AddressSchema,
  EpochMsSchema,
  IssuerKeysSchema,
  JwsSchema,
  NameSchema,
  PublicKeySchema,
  RuntimeViewSchema,
} from '@cd-push/protocol';
import type { Runtime } from '@cd-push/store';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type, { type Static } from 'typebox';

import { GrantsSchema, issuerKeys, RolesSchema, runtimeView } from '../answers.ts';
import { certifiedEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { certifyRelay } from '../identity/certificates.ts';
import { services } from '../server/guards.ts';

const RelayCertificateAnswerSchema = Type.Object({
  certificate: JwsSchema,
  keys: IssuerKeysSchema,
  issuer: Type.String(),
  tenant: NameSchema,
});

/** A runtime as relays see it. */
const RelayRuntimeSchema = Type.Object({
  ...RuntimeViewSchema.properties,
  /** Whether it ever connected: one that only enrolled is owed nothing that was not addressed to it by name. */
  hasConnected: Type.Boolean(),
});

const relayRuntimeView = (runtime: Runtime): Static<typeof RelayRuntimeSchema> => ({
  ...runtimeView(runtime),
  hasConnected: runtime.connectedAt !== null,
});

const UserRightsSchema = Type.Object({ roles: RolesSchema, grants: GrantsSchema });

const RevocationsSchema = Type.Object({
  /** Sessions whose signatures are void, oldest first. */
  sessions: Type.Array(Type.Object({ sid: Type.String(), reason: Type.String(), at: EpochMsSchema })),
  /** Identities that were ended, and so all of their sessions, oldest first. */
  identities: Type.Array(AddressSchema),
});

const RelayRuntimesSchema = Type.Object({ runtimes: Type.Array(RelayRuntimeSchema) });

/** Runtimes that are asked for at a time: a body that is taken, and a list that any database takes. */
const runtimesAtOnce = 256;

/** Printable, since PostgreSQL refuses a NUL. */
const GuidSchema = Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' });

const LookupSchema = Type.Object(
  { guids: Type.Array(GuidSchema, { minItems: 1, maxItems: runtimesAtOnce }) },
  { additionalProperties: false },
);

/** What a relay asks for when it starts, and when the change feed, which it follows afterwards, tells that it is outdated. */
export const relayRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    const onRequest = services(api);
    const security = [{ service: [] }];

    app.post(
      '/relay/certificate',
      {
        schema: {
          summary: 'Certify a relay’s key',
          security,
          body: Type.Object({ publicKey: PublicKeySchema }, { additionalProperties: false }),
          response: { 200: RelayCertificateAnswerSchema },
        },
        onRequest,
      },
      async (request) => {
        const { publicKey } = request.body;
        const service = api.settings.serviceCredential?.id ?? 'relay';
        const at = api.now();
        // Before it is handed out: no certificate is around that the audit does not know of.
        await api.store.audit.append([certifiedEntry(service, publicKey, at)]);
        return {
          certificate: await certifyRelay(api.certifier(), service, publicKey, at),
          keys: issuerKeys(api),
          issuer: api.issuerName(),
          tenant: api.settings.tenant,
        };
      },
    );

    app.get(
      '/relay/runtimes',
      {
        schema: {
          summary: 'Every runtime that has enrolled',
          security,
          response: { 200: RelayRuntimesSchema },
        },
        onRequest,
      },
      async () => ({ runtimes: (await api.store.runtimes.list()).map(relayRuntimeView) }),
    );

    app.post(
      '/relay/runtimes/lookup',
      {
        schema: {
          summary: 'Those of these runtimes that there are, after the feed said that they changed',
          security,
          body: LookupSchema,
          response: { 200: RelayRuntimesSchema },
        },
        onRequest,
      },
      async (request) => ({
        runtimes: (await api.store.runtimes.list(request.body.guids)).map(relayRuntimeView),
      }),
    );

    app.get(
      '/relay/users/:id',
      {
        schema: {
          summary: 'What a user may do now, whoever is connected',
          security,
          params: Type.Object({ id: Type.Integer({ minimum: 0 }) }),
          response: { 200: Type.Object({ user: Type.Union([UserRightsSchema, Type.Null()]) }) },
        },
        onRequest,
      },
      async (request) => {
        const user = await api.store.users.get(request.params.id);
        return { user: user === undefined ? null : { roles: [...user.roles], grants: [...user.grants] } };
      },
    );

    app.get(
      '/relay/accounts',
      {
        schema: {
          summary: 'The guid of every user, which existing clients address them by',
          security,
          response: { 200: Type.Object({ guids: Type.Array(Type.String()) }) },
        },
        onRequest,
      },
      async () => ({ guids: (await api.store.users.list()).map(({ guid }) => guid) }),
    );

    app.get(
      '/relay/revocations',
      {
        schema: {
          summary: 'Sessions and identities whose signatures are void',
          security,
          response: { 200: RevocationsSchema },
        },
        onRequest,
      },
      async () => {
        const voided = await api.store.sessions.listVoided();
        const sessions = voided.flatMap(({ id, revoked }) =>
          revoked === null ? [] : [{ sid: id, reason: revoked.reason, at: revoked.at }],
        );
        return { sessions, identities: await api.store.identities.listEnded() };
      },
    );
  };
