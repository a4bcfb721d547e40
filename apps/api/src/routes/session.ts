import { CurrentSessionSchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

import { issuerKeys, userView } from '../answers.ts';
import type { Api } from '../context.ts';
import { grantsIn, sessionState } from '../identity/open-session.ts';
import { signedInUser, users } from '../server/guards.ts';

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
          response: { 200: CurrentSessionSchema },
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
            grants: grantsIn(session, user),
            user: userView(api, user),
            subscriptions: await api.store.subscriptions.groupsOf({ kind: 'user', userId: user.id }),
            issuer: api.issuerName(),
            keys: issuerKeys(api),
          },
        };
      },
    );
  };
