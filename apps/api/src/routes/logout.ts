import { CdResponseSchema } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

import { success } from '../answers.ts';
import { logoutEntry } from '../audit/entries.ts';
import type { Api } from '../context.ts';
import { signedInUser, users } from '../server/guards.ts';

/** Ends all sessions of the identity that this one acts for; what they signed stays good. */
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
        const by = signedInUser(request);
        const at = api.now();
        const { id, acting } = by.session;
        const entry = logoutEntry(by, at);
        if (acting === null) await api.store.sessions.revoke(id, 'logout', at, entry);
        else await api.store.sessions.revokeAll(acting.identity, 'logout', at, entry);
        return { app_state: success(null, 'Signed out.'), data: {} };
      },
    );
  };
