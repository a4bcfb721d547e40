import { CdResponseSchema, NameSchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { GrantsSchema, issuerKeys, KeysSchema, userView, UserViewSchema } from '../answers.ts';
import type { Api } from '../context.ts';
import { sessionState } from '../identity/open-session.ts';
import { signedInUser, users } from '../server/guards.ts';

const SessionAnswerSchema = Type.Object({
  app_state: CdResponseSchema.properties.app_state,
  data: Type.Object({
    grants: GrantsSchema,
    user: UserViewSchema,
    /** Groups that the user is in. */
    subscriptions: Type.Array(NameSchema),
    issuer: Type.String(),
    keys: KeysSchema,
  }),
});

/** What the session is and may, as of now. */
export const sessionRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/auth/session',
      {
        schema: {
          summary: 'The session of the token',
          security: [{ bearer: [] }],
          response: { 200: SessionAnswerSchema },
        },
        onRequest: users(api),
      },
      async (request) => {
        const { user, session, token, expiresAt } = signedInUser(request);
        const at = api.now();
        const ttlSeconds = Math.max(0, Math.floor((expiresAt - at) / 1000));
        return {
          app_state: sessionState(session, { token, ttlSeconds }, at),
          data: {
            grants: [...user.grants],
            user: userView(api, user),
            subscriptions: await api.store.subscriptions.groupsOf({ kind: 'user', userId: user.id }),
            issuer: api.issuerName(),
            keys: issuerKeys(api),
          },
        };
      },
    );
  };
