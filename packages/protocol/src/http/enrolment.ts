import Type, { type Static } from 'typebox';

import { NameSchema } from '../wire/scalars.ts';
import { RuntimeTokenSchema } from './runtime-token.ts';

/** `POST /auth/enrol`: the runtime's new credential, whom it believes from now on, and its first token. */
export const EnrolmentSchema = Type.Object({
  ...RuntimeTokenSchema.properties,
  issuer: Type.String({ minLength: 1, maxLength: 512 }),
  tenant: NameSchema,
});
export type Enrolment = Static<typeof EnrolmentSchema>;
