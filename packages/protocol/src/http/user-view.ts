import Type, { type Static } from 'typebox';

import { NameSchema } from '../wire/scalars.ts';

/** A user as the user's own answers show it. */
export const UserViewSchema = Type.Object({
  id: Type.Integer({ minimum: 0 }),
  guid: Type.String({ minLength: 1, maxLength: 128 }),
  name: Type.String({ minLength: 1 }),
  /** A role that a reader does not know gives no right there. */
  roles: Type.Array(Type.String({ minLength: 1, maxLength: 64 })),
  tenant: NameSchema,
  /** `sub` of tokens and certificates. */
  subject: NameSchema,
});
export type UserView = Static<typeof UserViewSchema>;
