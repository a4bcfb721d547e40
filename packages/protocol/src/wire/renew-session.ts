import Type, { type Static } from 'typebox';

import { EpochMsSchema } from './scalars.ts';

/** Any client → relay: a fresh token of the same session, before the old one expires. */
export const RenewSessionSchema = Type.Object({ token: Type.String({ minLength: 1, maxLength: 8192 }) });
export type RenewSession = Static<typeof RenewSessionSchema>;

/** Relay → client: until when the connection holds now. */
export const RenewSessionAnswerSchema = Type.Object({ expiresAt: EpochMsSchema });
export type RenewSessionAnswer = Static<typeof RenewSessionAnswerSchema>;
