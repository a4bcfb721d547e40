import Type, { type Static } from 'typebox';

import { ProblemSchema } from './problem-schema.ts';
import { DigestSchema, EpochMsSchema, PushGuidSchema } from './scalars.ts';

/** Runtime → relay: how far an attempt at a push has come here. */
export const AcknowledgementSchema = Type.Object({
  pushGuid: PushGuidSchema,
  attempt: Type.Integer({ minimum: 1 }),
  /** Digest of the statement: what is acknowledged. */
  statement: DigestSchema,
  /** This machine's clock, corrected by the offset measured at connect. */
  at: EpochMsSchema,
});
export type Acknowledgement = Static<typeof AcknowledgementSchema>;

/** Runtime → relay: why an attempt ended without effect. */
export const FailureSchema = Type.Object({ ...AcknowledgementSchema.properties, problem: ProblemSchema });
export type Failure = Static<typeof FailureSchema>;
