import Type, { type Static } from 'typebox';

import { AddressSchema, JwsSchema } from './scalars.ts';
import { SessionChallengeSchema, SessionStepSchema } from './session-frame.ts';

/**
 * What a relay demands of a person's connection before it hears anything else: payload of a JWS whose `typ` is
 * `cd-push-challenge+jws`, signed by the relay's certified key.
 */
export const RelayChallengeSchema = Type.Object({
  v: Type.Literal(1),
  /** Address of the session that the token is of. */
  session: AddressSchema,
  challenge: SessionChallengeSchema,
});
export type RelayChallenge = Static<typeof RelayChallengeSchema>;

/** Relay → person: shown once the token was found good. Relay → runtime: the answer to `open-sync`. */
export const ConnectChallengeSchema = Type.Object({ challenge: JwsSchema, relayCertificate: JwsSchema });
export type ConnectChallenge = Static<typeof ConnectChallengeSchema>;

/**
 * Person → relay, or a runtime that synchronises: the session's next frame, which reveals what was demanded. Its first one was
 * shown with the token, or with `open-sync`.
 */
export const ConnectProofSchema = Type.Object({ step: SessionStepSchema });
export type ConnectProof = Static<typeof ConnectProofSchema>;

/** Relay → person: let in, as this session. Relay → runtime: it synchronises by this session from now on. */
export const ConnectProofAnswerSchema = Type.Object({ session: AddressSchema });
export type ConnectProofAnswer = Static<typeof ConnectProofAnswerSchema>;
