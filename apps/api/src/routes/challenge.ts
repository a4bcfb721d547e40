import { ChallengeSchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

import type { Api } from '../context.ts';

/** A one-time nonce for the proof of a key. */
export const challengeRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth/challenge',
      {
        schema: {
          summary: 'A nonce to sign with the key that is to be proved',
          response: { 200: ChallengeSchema },
        },
        onRequest: (request) => api.rates.anonymous(request),
      },
      async () => ({ ...api.nonces.issue(api.now()), issuer: api.issuerName() }),
    );
  };
