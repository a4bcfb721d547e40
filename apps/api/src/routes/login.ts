import { ProblemError, problemOf, PublicKeySchema, JwsSchema, SessionAnswerSchema } from '@cd-push/protocol';
import type { User } from '@cd-push/store';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import type { Api } from '../context.ts';
import { newRefreshToken, openSession, sessionAnswer } from '../identity/open-session.ts';
import { hashPassword, verifyPassword } from '../identity/password.ts';
import { requireProof } from '../identity/proofs.ts';

export const NonceSchema = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
export const ProofSchema = Type.String({ ...JwsSchema, maxLength: 4096 });
export const UserNameSchema = Type.String({ minLength: 1, maxLength: 128 });
export const PasswordSchema = Type.String({ minLength: 1, maxLength: 1024 });

const LoginSchema = Type.Object(
  {
    userName: UserNameSchema,
    password: PasswordSchema,
    /** Shown back in the session; a diagnostic. */
    clientId: Type.Optional(Type.String({ maxLength: 128 })),
    /** Binds the session to a key; goes with `nonce` and `proof`. */
    publicKey: Type.Optional(PublicKeySchema),
    nonce: Type.Optional(NonceSchema),
    /** JWS over {nonce, issuer, subject: userName} by that key. */
    proof: Type.Optional(ProofSchema),
  },
  {
    additionalProperties: false,
    dependentRequired: { publicKey: ['nonce', 'proof'], proof: ['publicKey'], nonce: ['publicKey'] },
  },
);

/** Signs a user in. Unknown users and wrong passwords get one answer, at one cost. */
export const loginRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth/login',
      { schema: { summary: 'Sign in', body: LoginSchema, response: { 200: SessionAnswerSchema } } },
      async (request) => {
        const { userName, password, clientId, publicKey, nonce, proof } = request.body;
        const at = api.now();
        await api.rates.signIn(request);
        // Before the password, so that a bad proof tells nothing of it, and uses up none of the user's tries.
        if (publicKey !== undefined && nonce !== undefined && proof !== undefined) {
          await requireProof(
            api.nonces,
            { publicKey, nonce, proof, subject: userName, issuer: api.issuerName() },
            at,
          );
        }
        await api.rates.password(request, userName);
        const user = await userWith(api, userName, password);
        if (user === undefined) {
          throw new ProblemError(
            problemOf('invalid-credentials', { detail: 'User name or password is wrong.' }),
          );
        }
        const refresh = newRefreshToken(at);
        const session = await openSession(
          api,
          user,
          { clientId: clientId ?? null, publicKey: publicKey ?? null },
          refresh.kept,
          at,
        );
        return sessionAnswer(api, session, user, refresh.token, at);
      },
    );
  };

/** The user of these credentials; an unknown name costs what a known one does. */
export const userWith = async (api: Api, userName: string, password: string): Promise<User | undefined> => {
  const found = await api.store.users.findForLogin(userName);
  const { holds, outdated } = await verifyPassword(password, found?.passwordHash ?? api.decoyHash);
  if (found === undefined || !holds) return undefined;
  if (outdated) await api.store.users.setPasswordHash(found.user.id, await hashPassword(password));
  return found.user;
};
