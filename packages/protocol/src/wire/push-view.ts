import Type, { type Static } from 'typebox';

import { CommTrackSchema } from './comm-track.ts';
import { ComponentTypeSchema } from './patch.ts';
import { ProblemSchema } from './problem-schema.ts';
import { RecipientIdSchema } from './recipient-id.ts';

/** One recipient of a push, as `get-track` tells it. */
export const RecipientTrackSchema = Type.Object({
  recipient: RecipientIdSchema,
  kind: Type.Optional(Type.Enum(['browser', 'node'])),
  connected: Type.Boolean(),
  attempt: Type.Integer({ minimum: 1 }),
  stage: Type.Enum([
    'initialized',
    'relayed',
    'pushed',
    'delivered',
    'completed',
    'failed',
    'expired',
    'superseded',
  ]),
  commTrack: CommTrackSchema,
  problem: Type.Optional(ProblemSchema),
});
export type RecipientTrackView = Static<typeof RecipientTrackSchema>;

/** A push with all its recipients. */
export const PushViewSchema = Type.Object({
  pushGuid: Type.String(),
  trigger: Type.String(),
  sender: Type.String(),
  patches: Type.Array(
    Type.Object({
      resource: Type.String(),
      componentType: ComponentTypeSchema,
      change: Type.Enum(['put', 'delete', 'rename']),
      version: Type.Integer({ minimum: 1 }),
    }),
  ),
  commTrack: CommTrackSchema,
  outcome: Type.Enum(['open', 'completed', 'partial', 'failed', 'expired']),
  recipients: Type.Array(RecipientTrackSchema),
});
export type PushView = Static<typeof PushViewSchema>;
