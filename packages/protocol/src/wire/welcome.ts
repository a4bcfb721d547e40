import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { SignedAuditHeadSchema } from './audit.ts';
import { JournalOffsetSchema } from './journal-offset.ts';
import { RuntimePolicySchema } from './policy.ts';
import { RecipientIdSchema } from './recipient-id.ts';
import { EpochMsSchema } from './scalars.ts';

/** Relay → runtime: who it is here, and the clock to correct by. What is missing follows as pushes. */
export const WelcomeSchema = Type.Object({
  protocol: Type.Integer({ minimum: 1 }),
  recipient: RecipientIdSchema,
  serverTime: EpochMsSchema,
  /** How many pushes follow at once as this runtime's catch-up. */
  catchUp: Type.Integer({ minimum: 0 }),
  /** Where the runtime stands in the journal once it has taken the catch-up. */
  journal: JournalOffsetSchema,
  /**
   * Whether the offset that the hello named could be gone on from. `epoch`: it was of another journal; `future`: this
   * journal is not there yet, as after a restore. Either way what follows brings the runtime to what is in place, by the
   * contents that it reported.
   */
  reset: Type.Optional(Type.Enum(['epoch', 'future'])),
  /** Signing sessions that were ended, and identities with all of theirs; what they signed is not applied any more. */
  revokedSessions: Type.Array(Type.String({ maxLength: 64 })),
  envelopeBytes: Type.Integer({ minimum: 1 }),
  policy: RuntimePolicySchema,
  /** Where the audit chains stand, for whoever wants to prove later that none was cut. */
  auditHeads: Type.Array(SignedAuditHeadSchema, { maxItems: limits.auditHeads }),
});
export type Welcome = Static<typeof WelcomeSchema>;
