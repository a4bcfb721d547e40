import Type, { type Static } from 'typebox';

import { EpochMsSchema } from '../wire/scalars.ts';
import { IssuerKeysSchema } from './issuer-keys.ts';
import { RuntimeViewSchema } from './runtime-view.ts';

const { guid, ...described } = RuntimeViewSchema.properties;

/** `POST /auth/runtime-token`: who the runtime is now, and a token to connect with. */
export const RuntimeTokenSchema = Type.Object({
  /** Its guid, under the name that the wire knows it by. */
  resourceGuid: guid,
  ...described,
  keys: IssuerKeysSchema,
  token: Type.String({ minLength: 1, maxLength: 8192 }),
  /** End of the token. */
  expiresAt: EpochMsSchema,
});
export type RuntimeToken = Static<typeof RuntimeTokenSchema>;
