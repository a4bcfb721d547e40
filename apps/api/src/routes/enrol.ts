import { randomUUID } from 'node:crypto';

import { EnrolmentSchema, ProblemError, problemOf, PublicKeySchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { DisplayNameSchema, issuerKeys } from '../answers.ts';
import { enrolledEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { NonceSchema, ProofSchema, requireProof } from '../identity/proofs.ts';
import { issueRuntimeToken, runtimeAnswer } from '../identity/runtime-token.ts';
import { hashSecret } from '../identity/secrets.ts';

const EnrolSchema = Type.Object(
  {
    joinCode: Type.String({ minLength: 1, maxLength: 512 }),
    publicKey: PublicKeySchema,
    nonce: NonceSchema,
    /** JWS over {nonce, issuer, subject: joinCode}. */
    proof: ProofSchema,
    /** For people; default: the beginning of the guid. */
    name: Type.Optional(DisplayNameSchema),
  },
  { additionalProperties: false },
);

/** A runtime trades a join code for a credential of its own, bound to a key that it made. */
export const enrolRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth/enrol',
      {
        schema: {
          summary: 'Enrol a runtime by a join code',
          body: EnrolSchema,
          response: { 200: EnrolmentSchema },
        },
        onRequest: (request) => api.rates.anonymous(request),
      },
      async (request) => {
        const { joinCode, publicKey, nonce, proof, name } = request.body;
        const at = api.now();
        // Before the code, so that it is not spent for nothing.
        await requireProof(
          api.nonces,
          { publicKey, nonce, proof, subject: joinCode, issuer: api.issuerName() },
          at,
        );
        const hash = hashSecret(joinCode);
        const identities = (await api.store.joinCodes.identitiesOf(hash)) ?? null;
        const guid = randomUUID();
        const runtime = await api.store.joinCodes.enrol(
          {
            hash,
            guid,
            name: name ?? `runtime-${guid.slice(0, 8)}`,
            publicKey,
            at,
          },
          (made) => enrolledEntry(made, request.ip, at),
        );
        if (runtime === undefined) {
          const detail = 'The join code is unknown, used up or expired; ask for a new one.';
          throw new ProblemError(problemOf('invalid-credentials', { path: '/joinCode', detail }));
        }
        return {
          ...runtimeAnswer(runtime),
          issuer: api.issuerName(),
          tenant: api.settings.tenant,
          keys: issuerKeys(api),
          ...(identities === null ? {} : { identities: [...identities] }),
          ...issueRuntimeToken(api, runtime, at),
        };
      },
    );
  };
