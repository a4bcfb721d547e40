import Type, { type Static } from 'typebox';

import { CdResponseSchema } from '../wire/cd-response.ts';
import { GrantSchema } from '../wire/grant.ts';
import { AddressSchema, EpochMsSchema, JwsSchema } from '../wire/scalars.ts';
import { JwtSchema, SessRespSchema } from '../wire/sess-resp.ts';
import { VerbSchema } from '../wire/scope.ts';
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

/**
 * `POST /auth/sessions` and `POST /auth/sessions/token`: an `ICdResponse` around what a session needs to go on. It holds
 * one secret, the access token; whoever holds the session's key gets the next one.
 */
export const SessionAnswerSchema = Type.Object({
  app_state: SignedInSchema,
  data: Type.Object({
    /** Address of the identity that the session acts for. */
    identity: AddressSchema,
    /** End of the access token. */
    expiresAt: EpochMsSchema,
    /** End of the session: what its identity has claimed, and no later than the issuer lets it last. */
    sessionExpiresAt: EpochMsSchema,
    /** Certificate of the session's key, or null without the right to push. */
    certificate: Type.Union([JwsSchema, Type.Null()]),
    verbs: Type.Array(VerbSchema),
    grants: Type.Array(GrantSchema),
    user: UserViewSchema,
    issuer: Type.String({ minLength: 1, maxLength: 512 }),
    keys: IssuerKeysSchema,
  }),
});
export type SessionAnswer = Static<typeof SessionAnswerSchema>;
