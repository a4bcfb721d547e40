import Type, { type Static } from 'typebox';

import { EpochMsSchema } from '../wire/scalars.ts';

/** `POST /auth/challenge`: a one-time nonce, to be signed with the key that is to be proved. */
export const ChallengeSchema = Type.Object({
  nonce: Type.String({ minLength: 16, maxLength: 512 }),
  issuer: Type.String({ minLength: 1, maxLength: 512 }),
  expiresAt: EpochMsSchema,
});
export type Challenge = Static<typeof ChallengeSchema>;
