import Type, { type Static } from 'typebox';

import { CommTrackSchema } from './comm-track.ts';
import { ProblemSchema, type Problem } from './problem-schema.ts';
import { RecipientIdSchema } from './recipient-id.ts';

/** The relay's answer to a push. `status: true` stands for accepted. */
export const PushAnswerSchema = Type.Union([
  Type.Object({
    status: Type.Literal(true),
    pushGuid: Type.String(),
    duplicate: Type.Boolean(),
    commTrack: CommTrackSchema,
    /** Set frozen at acceptance. */
    recipients: Type.Array(RecipientIdSchema),
  }),
  Type.Object({ status: Type.Literal(false), error: ProblemSchema }),
]);
export type PushAnswer = Static<typeof PushAnswerSchema>;

/** Any other answer: the value asked for, or a problem. */
export type Answer<Value> =
  | ({ readonly status: true } & Value)
  | { readonly status: false; readonly error: Problem };
