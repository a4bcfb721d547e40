import Type, { type Static } from 'typebox';

import { GrantSchema } from '../wire/grant.ts';
import { NameSchema } from '../wire/scalars.ts';
import { IssuerKeysSchema } from './issuer-keys.ts';
import { SignedInSchema } from './session-answer.ts';
import { UserViewSchema } from './user-view.ts';

/** `GET /auth/session`: what the session of the token is and may, as of now. */
export const CurrentSessionSchema = Type.Object({
  app_state: SignedInSchema,
  data: Type.Object({
    grants: Type.Array(GrantSchema),
    user: UserViewSchema,
    /** Groups that the user is in. */
    subscriptions: Type.Array(NameSchema),
    issuer: Type.String({ minLength: 1, maxLength: 512 }),
    keys: IssuerKeysSchema,
  }),
});
export type CurrentSession = Static<typeof CurrentSessionSchema>;
