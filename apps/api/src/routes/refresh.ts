import { ProblemError, problemOf, SessionAnswerSchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import type { Api } from '../context.ts';
import { newRefreshToken, sessionAnswer } from '../identity/open-session.ts';
import { isProved, unproved } from '../identity/proofs.ts';
import { hashSecret } from '../identity/secrets.ts';
import { NonceSchema, ProofSchema } from './login.ts';

const RefreshSchema = Type.Object(
  {
    refreshToken: Type.String({ minLength: 1, maxLength: 512 }),
    nonce: Type.Optional(NonceSchema),
    /** JWS over {nonce, issuer, subject: initUuid}; needed where the session is bound to a key. */
    proof: Type.Optional(ProofSchema),
  },
  { additionalProperties: false, dependentRequired: { nonce: ['proof'], proof: ['nonce'] } },
);

/**
 * Spends a refresh token for the next one. Whoever shows a spent one, thief or owner, ends the session for both
 * (RFC 9700 section 4.14). Only who proves the session's key may ask again for an answer that was lost.
 */
export const refreshRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth/refresh',
      {
        schema: { summary: 'Prolong a session', body: RefreshSchema, response: { 200: SessionAnswerSchema } },
        onRequest: (request) => api.rates.anonymous(request),
      },
      async (request) => {
        const { refreshToken, nonce, proof } = request.body;
        const at = api.now();
        const hash = hashSecret(refreshToken);
        const known = await api.store.sessions.ofRefreshToken(hash);
        if (known === undefined) throw refused('invalid-credentials');
        const { session: bound, spent } = known;
        const proved =
          bound.publicKey !== null &&
          nonce !== undefined &&
          proof !== undefined &&
          (await isProved(
            api.nonces,
            { publicKey: bound.publicKey, nonce, proof, subject: bound.id, issuer: api.issuerName() },
            at,
          ));
        if (bound.publicKey !== null && !proved && !spent) throw unproved();
        const next = newRefreshToken(at);
        const rotation = await api.store.sessions.rotate(hash, next.kept, proved, at);
        switch (rotation.kind) {
          case 'rotated': {
            const user = await api.store.users.get(rotation.session.userId);
            if (user === undefined) throw refused('session-revoked');
            return sessionAnswer(api, rotation.session, user, next.token, at);
          }
          case 'unknown':
            throw refused('invalid-credentials');
          case 'expired':
            throw refused('session-expired');
          case 'revoked':
            throw refused('session-revoked');
          case 'reused':
            request.log.warn(
              { session: rotation.session.id },
              'a spent refresh token was shown; its session is ended',
            );
            throw refused('session-revoked');
          default:
            return rotation satisfies never;
        }
      },
    );
  };

const refused = (kind: 'invalid-credentials' | 'session-expired' | 'session-revoked'): ProblemError =>
  new ProblemError(problemOf(kind, { detail: 'Sign in again.' }));
