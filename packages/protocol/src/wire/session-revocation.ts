import Type, { type Static } from 'typebox';

/** Relay → runtime: a signing session was ended, or an identity with all of its sessions; what they signed is not applied any more. */
export const SessionRevocationSchema = Type.Object({ session: Type.String({ minLength: 1, maxLength: 64 }) });
export type SessionRevocation = Static<typeof SessionRevocationSchema>;
