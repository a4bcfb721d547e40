import Type, { type Static } from 'typebox';

import { EpochMsSchema } from '../wire/scalars.ts';

/** `POST /join-codes`: a code by which runtimes enrol; it is shown this once. */
export const JoinCodeSchema = Type.Object({
  /** By which it is withdrawn. */
  id: Type.String({ minLength: 1, maxLength: 64 }),
  code: Type.String({ minLength: 1, maxLength: 512 }),
  expiresAt: EpochMsSchema,
});
export type JoinCode = Static<typeof JoinCodeSchema>;
