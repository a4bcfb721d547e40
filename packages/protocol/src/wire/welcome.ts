import Type, { type Static } from 'typebox';

import { RecipientIdSchema } from './recipient-id.ts';
import { EpochMsSchema } from './scalars.ts';

/** Relay → runtime: who it is here, and the clock to correct by. What is missing follows as pushes. */
export const WelcomeSchema = Type.Object({
  protocol: Type.Integer({ minimum: 1 }),
  recipient: RecipientIdSchema,
  serverTime: EpochMsSchema,
  /** How many pushes follow at once as this runtime's catch-up. */
  catchUp: Type.Integer({ minimum: 0 }),
  /** Signing sessions that were ended; what they signed is not applied any more. */
  revokedSessions: Type.Array(Type.String({ maxLength: 64 })),
  envelopeBytes: Type.Integer({ minimum: 1 }),
});
export type Welcome = Static<typeof WelcomeSchema>;
