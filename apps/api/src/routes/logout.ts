import { CdResponseSchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

import { success } from '../answers.ts';
import type { Api } from '../context.ts';
import { signedInUser, users } from '../server/guards.ts';

/** Ends the session; what it signed stays good. */
export const logoutRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth/logout',
      {
        schema: { summary: 'Sign out', security: [{ bearer: [] }], response: { 200: CdResponseSchema } },
        onRequest: users(api),
      },
      async (request) => {
        await api.store.sessions.revoke(signedInUser(request).session.id, 'logout', api.now());
        return { app_state: success(null, 'Signed out.'), data: {} };
      },
    );
  };
