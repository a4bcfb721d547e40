import Type, { type Static } from 'typebox';

import { CdResponseSchema } from '../wire/cd-response.ts';
import { GrantSchema } from '../wire/certificate.ts';
import { EpochMsSchema, JwsSchema } from '../wire/scalars.ts';
import { JwtSchema, SessRespSchema } from '../wire/sess-resp.ts';
import { IssuerKeysSchema } from './issuer-keys.ts';
import { UserViewSchema } from './user-view.ts';

/** `app_state` of an answer to who is signed in: the session and its access token. */
export const SignedInSchema = Type.Object({
  ...CdResponseSchema.properties.app_state.properties,
  success: Type.Literal(true),
  sess: Type.Object({
    ...SessRespSchema.properties,
    jwt: JwtSchema,
    /** Names the session, in certificates and in revocations. */
    initUuid: Type.String({ minLength: 1, maxLength: 64 }),
  }),
});
export type SignedIn = Static<typeof SignedInSchema>;

/** `POST /auth/login` and `POST /auth/refresh`: an `ICdResponse` around what the session needs to go on by itself. */
export const SessionAnswerSchema = Type.Object({
  app_state: SignedInSchema,
  data: Type.Object({
    /** Good for one refresh; the answer to it brings the next. */
    refreshToken: Type.String({ minLength: 1, maxLength: 8192 }),
    /** End of the access token. */
    expiresAt: EpochMsSchema,
    /** End of the session, however often it is refreshed. */
    sessionExpiresAt: EpochMsSchema,
    /** Certificate of the session's key, or null without a key or without the right to push. */
    certificate: Type.Union([JwsSchema, Type.Null()]),
    grants: Type.Array(GrantSchema),
    user: UserViewSchema,
    issuer: Type.String({ minLength: 1, maxLength: 512 }),
    keys: IssuerKeysSchema,
  }),
});
export type SessionAnswer = Static<typeof SessionAnswerSchema>;
