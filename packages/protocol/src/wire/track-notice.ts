import Type, { type Static } from 'typebox';

import { CommTrackSchema } from './comm-track.ts';
import { ProblemSchema } from './problem-schema.ts';
import { RecipientIdSchema } from './recipient-id.ts';
import { EpochMsSchema } from './scalars.ts';

/** Relay → sender: some recipients have reached a stage. The event's name says which. */
export const TrackNoticeSchema = Type.Object({
  pushGuid: Type.String(),
  recipients: Type.Array(
    Type.Object({
      recipient: RecipientIdSchema,
      attempt: Type.Integer({ minimum: 1 }),
      at: EpochMsSchema,
      problem: Type.Optional(ProblemSchema),
    }),
  ),
  commTrack: CommTrackSchema,
  outcome: Type.Enum(['open', 'completed', 'partial', 'failed', 'expired']),
});
export type TrackNotice = Static<typeof TrackNoticeSchema>;
