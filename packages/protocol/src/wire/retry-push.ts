import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { ProblemSchema } from './problem-schema.ts';
import { RecipientIdSchema } from './recipient-id.ts';
import { PushGuidSchema } from './scalars.ts';

/** Whoever may push it → relay: open a new attempt, with the same signed bytes, at recipients where it ended without effect. */
export const RetryPushSchema = Type.Object({
  pushGuid: PushGuidSchema,
  /** Which ends are tried again. */
  stages: Type.Array(Type.Enum(['failed', 'expired']), { minItems: 1, maxItems: 2 }),
  /** Only these; all of them by default. */
  recipients: Type.Optional(Type.Array(RecipientIdSchema, { minItems: 1, maxItems: limits.recipients })),
});
export type RetryPush = Static<typeof RetryPushSchema>;

/** Relay → asker: the attempts that were opened, and why others were not. */
export const RetryPushAnswerSchema = Type.Object({
  attempts: Type.Array(Type.Object({ recipient: RecipientIdSchema, attempt: Type.Integer({ minimum: 2 }) })),
  refused: Type.Array(Type.Object({ recipient: RecipientIdSchema, problem: ProblemSchema })),
});
export type RetryPushAnswer = Static<typeof RetryPushAnswerSchema>;
