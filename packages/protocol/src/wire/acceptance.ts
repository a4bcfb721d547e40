import Type, { type Static } from 'typebox';

import { DigestSchema, EpochMsSchema, PushGuidSchema } from './scalars.ts';

/**
 * A relay says when it accepted a push, and with it that the signer's certificate held at the statement's `issuedAt`:
 * payload of a JWS whose `typ` is `cd-push-acceptance+jws`.
 */
export const AcceptanceSchema = Type.Object({
  v: Type.Literal(1),
  pushGuid: PushGuidSchema,
  /** Digest of the statement as it travels: the compact JWS. */
  statement: DigestSchema,
  acceptedAt: EpochMsSchema,
  /** Digest of the relay's certificate. */
  relay: DigestSchema,
});
export type Acceptance = Static<typeof AcceptanceSchema>;
