import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { AddressSchema, NameSchema } from '../wire/scalars.ts';
import { RuntimeTokenSchema } from './runtime-token.ts';

/** `POST /auth/enrol`: the runtime's new credential, whom it believes from now on, and its first token. */
export const EnrolmentSchema = Type.Object({
  ...RuntimeTokenSchema.properties,
  issuer: Type.String({ minLength: 1, maxLength: 512 }),
  tenant: NameSchema,
  /** The only identities that the runtime is to believe; absent where it is every one that the issuer certifies. */
  identities: Type.Optional(Type.Array(AddressSchema, { minItems: 1, maxItems: limits.trustedIdentities })),
});
export type Enrolment = Static<typeof EnrolmentSchema>;
