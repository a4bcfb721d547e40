import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type, { type Static } from 'typebox';

import type { Api } from '../context.ts';
import { activeToken, ActiveTokenSchema } from '../identity/active-token.ts';
import { recognise } from '../identity/callers.ts';
import { services } from '../server/guards.ts';
import { legacyIntrospection } from './legacy-login.ts';

const InactiveSchema = Type.Object({ active: Type.Literal(false) });
const IntrospectionSchema = Type.Union([ActiveTokenSchema, InactiveSchema]);

const IntrospectSchema = Type.Object({
  token: Type.String({ maxLength: 8192 }),
  token_type_hint: Type.Optional(Type.String({ maxLength: 64 })),
});

/** What a token is good for now (RFC 7662): roles, grants and groups come from the store, not from the token. */
export const introspectRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth/introspect',
      {
        schema: {
          summary: 'What a token is good for (RFC 7662)',
          security: [{ service: [] }],
          consumes: ['application/x-www-form-urlencoded'],
          body: IntrospectSchema,
          response: { 200: IntrospectionSchema },
        },
        onRequest: services(api),
      },
      async (request): Promise<Static<typeof IntrospectionSchema>> => {
        const { token } = request.body;
        const at = api.now();
        const recognised = await recognise(api.store, api.tokens, token, at);
        if (recognised.kind === 'caller') {
          const { caller } = recognised;
          // Relays ask when a peer connects.
          if (caller.kind === 'runtime' && caller.runtime.connectedAt === null) {
            await api.store.runtimes.connected(caller.runtime.guid, at);
          }
          return activeToken(api, caller);
        }
        return (await legacyIntrospection(api, token)) ?? { active: false };
      },
    );
  };
