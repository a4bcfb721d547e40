import { ProblemError, problemOf, RuntimeTokenSchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { issuerKeys } from '../answers.ts';
import type { Api } from '../context.ts';
import { NonceSchema, ProofSchema, requireProof } from '../identity/proofs.ts';
import { issueRuntimeToken, runtimeAnswer } from '../identity/runtime-token.ts';

const AskSchema = Type.Object(
  {
    resourceGuid: Type.String({ minLength: 1, maxLength: 128 }),
    nonce: NonceSchema,
    /** JWS over {nonce, issuer, subject: resourceGuid} by the key that was enrolled. */
    proof: ProofSchema,
  },
  { additionalProperties: false },
);

/** A runtime that has enrolled gets an access token for the proof of its key. */
export const runtimeTokenRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth/runtime-token',
      {
        schema: {
          summary: 'Access token of a runtime',
          body: AskSchema,
          response: { 200: RuntimeTokenSchema },
        },
        onRequest: (request) => api.rates.anonymous(request),
      },
      async (request) => {
        const { resourceGuid, nonce, proof } = request.body;
        const at = api.now();
        const runtime = await api.store.runtimes.get(resourceGuid);
        if (runtime === undefined) {
          throw new ProblemError(
            problemOf('session-revoked', {
              path: '/resourceGuid',
              detail: 'No such runtime; enrol with a join code.',
            }),
          );
        }
        const { publicKey } = runtime;
        await requireProof(
          api.nonces,
          { publicKey, nonce, proof, subject: resourceGuid, issuer: api.issuerName() },
          at,
        );
        return { ...runtimeAnswer(runtime), keys: issuerKeys(api), ...issueRuntimeToken(api, runtime, at) };
      },
    );
  };
