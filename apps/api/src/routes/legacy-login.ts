import { randomUUID } from 'node:crypto';

import { CdResponseSchema, epochMs, ProblemError, type EpochMs, type ICdResponse } from '@cd-push/protocol';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

import { success } from '../answers.ts';
import type { Api } from '../context.ts';
import type { ActiveToken } from '../identity/active-token.ts';
import { clientKindOf, subjectOf } from '../identity/callers.ts';
import { loginEntry } from '../audit/entries.ts';
import { notingRefusals, PasswordSchema, userWith, UserNameSchema } from '../identity/password-sign-in.ts';
import { hashSecret } from '../identity/secrets.ts';

/** Seconds that existing clients are told and their token holds. */
const ttlSeconds = 600;

/** Members besides the three that count are whatever the client's form held, and are not looked at. */
const LegacyLoginSchema = Type.Object({
  ctx: Type.Literal('Sys'),
  m: Type.Literal('User'),
  c: Type.Literal('User'),
  a: Type.Literal('Login'),
  dat: Type.Object({
    f_vals: Type.Array(
      Type.Object({
        data: Type.Object({
          userName: UserNameSchema,
          password: PasswordSchema,
          consumerGuid: Type.Optional(Type.Union([Type.String({ maxLength: 128 }), Type.Null()])),
        }),
      }),
      { minItems: 1, maxItems: 1 },
    ),
    token: Type.Optional(Type.Union([Type.String({ maxLength: 8192 }), Type.Null()])),
  }),
  args: Type.Optional(Type.Unknown()),
});

/**
 * The sign-in of existing clients, whole in this file: `POST /api` answers 200 either way, and a client looks at
 * `success`. The session has no key, so it can push no code.
 */
export const legacyLoginRoute =
  (api: Api): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/api',
      {
        schema: {
          summary: 'Sign-in of existing clients',
          body: LegacyLoginSchema,
          response: { 200: CdResponseSchema },
        },
      },
      async (request): Promise<ICdResponse> => {
        const [form] = request.body.dat.f_vals;
        const { userName = '', password = '', consumerGuid = null } = form?.data ?? {};
        const user = await notingRefusals(api, request, userName, async () => {
          await api.rates.signIn(request);
          await api.rates.password(request, userName);
          return userWith(api, userName, password);
        }).catch(unlessWrong);
        if (user === undefined) return refusal;
        const at = api.now();
        const id = randomUUID();
        const session = await api.store.sessions.create(
          {
            id,
            userId: user.id,
            clientId: consumerGuid,
            publicKey: null,
            acting: null,
            createdAt: at,
            expiresAt: epochMs(at + ttlSeconds * 1000),
          },
          loginEntry(user, id, null, request.ip, at),
        );
        const token = randomUUID();
        await api.store.sessions.keepLegacyToken(session.id, {
          hash: hashSecret(token),
          expiresAt: epochMs(at + ttlSeconds * 1000),
        });
        const sess = {
          cd_token: token,
          userId: user.id,
          jwt: null,
          ttl: ttlSeconds,
          clientId: session.clientId,
        };
        return {
          app_state: success(sess, 'Signed in.'),
          data: {
            consumer: consumerGuid === null ? [] : [{ consumerGuid }],
            menuData: [],
            userData: { userId: user.id, userGuid: user.guid, userName: user.name },
          },
        };
      },
    );
  };

/** Wrong credentials are an answer to these clients, anything else a problem like to all. */
const unlessWrong = (error: unknown): undefined => {
  if (error instanceof ProblemError && error.problem.kind === 'invalid-credentials') return undefined;
  throw error;
};

const refusal: ICdResponse = {
  app_state: {
    success: false,
    info: { messages: ['User name or password is wrong.'], code: 'invalid-credentials', app_msg: null },
    sess: null,
    cache: null,
  },
  data: [],
};

/** What a `cd_token` is good for while the switch is on: connecting as its user, without any grant to push code. */
export const legacyIntrospection = async (api: Api, token: string): Promise<ActiveToken | undefined> => {
  if (!api.settings.legacyLogin || !/^[0-9a-f-]{36}$/.test(token)) return undefined;
  const found = await api.store.sessions.ofLegacyToken(hashSecret(token));
  const at = api.now();
  if (found === undefined || found.session.revoked !== null || found.expiresAt <= at) return undefined;
  const user = await api.store.users.get(found.session.userId);
  if (user === undefined) return undefined;
  const { id, guid, name } = user;
  return {
    active: true,
    sub: subjectOf(user),
    iss: api.issuerName(),
    aud: 'cd-push',
    exp: secondsOf(found.expiresAt),
    iat: secondsOf(found.session.createdAt),
    jti: found.session.id,
    client: clientKindOf(user),
    tenant: api.settings.tenant,
    sid: found.session.id,
    roles: [...user.roles],
    grants: [],
    user: { id, guid, name },
    subscriptions: await api.store.subscriptions.groupsOf({ kind: 'user', userId: id }),
  };
};

const secondsOf = (at: EpochMs): number => Math.floor(at / 1000);
