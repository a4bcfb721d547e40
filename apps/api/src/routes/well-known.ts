import { ApiMetadataSchema, PublicKeySchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { issuerKeys } from '../answers.ts';
import type { Api } from '../context.ts';

const JwksSchema = Type.Object({
  keys: Type.Array(
    Type.Object({
      ...PublicKeySchema.properties,
      kid: Type.String(),
      use: Type.Literal('sig'),
      alg: Type.Literal('EdDSA'),
    }),
  ),
});

/** Who signs here. */
export const wellKnownRoutes =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/.well-known/jwks.json',
      { schema: { summary: 'Keys of the issuer (RFC 7517)', response: { 200: JwksSchema } } },
      async (_request, reply) => {
        reply.header('cache-control', 'public, max-age=300');
        const keys = [...api.issuer.keys.values()].map(({ kid, publicKey }) => ({
          ...publicKey,
          kid,
          use: 'sig' as const,
          alg: 'EdDSA' as const,
        }));
        return { keys };
      },
    );
    app.get(
      '/.well-known/cd-push',
      { schema: { summary: 'Issuer, tenant and relay', response: { 200: ApiMetadataSchema } } },
      async () => ({
        issuer: api.issuerName(),
        tenant: api.settings.tenant,
        keys: issuerKeys(api),
        ...(api.settings.relayUrl === undefined ? {} : { relayUrl: api.settings.relayUrl }),
      }),
    );
  };
