import Type, { type Static } from 'typebox';

import { CommTrackSchema } from './comm-track.ts';
import { ProblemSchema } from './problem-schema.ts';
import { RecipientIdSchema } from './recipient-id.ts';
import { EpochMsSchema } from './scalars.ts';

const entryMembers = {
  recipient: RecipientIdSchema,
  attempt: Type.Integer({ minimum: 1 }),
  /** When the recipient came to the stage. */
  at: EpochMsSchema,
};

/**
 * Relay → sender: some recipients have come to a stage. Each says which; the event's name says it too, for all of them
 * together: `push-msg-failed` carries those that failed and those that expired.
 */
export const TrackNoticeSchema = Type.Object({
  pushGuid: Type.String(),
  recipients: Type.Array(
    Type.Union([
      Type.Object({
        ...entryMembers,
        stage: Type.Enum(['relayed', 'pushed', 'delivered', 'completed', 'superseded']),
      }),
      Type.Object({ ...entryMembers, stage: Type.Enum(['failed', 'expired']), problem: ProblemSchema }),
    ]),
  ),
  commTrack: CommTrackSchema,
  outcome: Type.Enum(['open', 'completed', 'partial', 'failed', 'expired']),
});
export type TrackNotice = Static<typeof TrackNoticeSchema>;
