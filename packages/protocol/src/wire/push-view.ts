import Type, { type Static } from 'typebox';

import { CommTrackSchema } from './comm-track.ts';
import { ComponentTypeSchema, RestoresSchema } from './patch.ts';
import { CorrectionSchema } from './correction.ts';
import { OffsetSchema } from './journal-offset.ts';
import { ProblemSchema } from './problem-schema.ts';
import { RecipientIdSchema } from './recipient-id.ts';
import { EpochMsSchema } from './scalars.ts';

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
  /** Of a failed or expired one. */
  correction: Type.Optional(CorrectionSchema),
  /** A policy keeps it from being sent. */
  held: Type.Optional(Type.Boolean()),
});
export type RecipientTrackView = Static<typeof RecipientTrackSchema>;

/** A push with all its recipients. */
export const PushViewSchema = Type.Object({
  pushGuid: Type.String(),
  trigger: Type.String(),
  sender: Type.String(),
  /** The session that sent it (`initUuid`). */
  session: Type.String(),
  environment: Type.String(),
  /** Digest of its statement. */
  statement: Type.String(),
  offset: OffsetSchema,
  acceptedAt: EpochMsSchema,
  deliverBy: EpochMsSchema,
  patches: Type.Array(
    Type.Object({
      resource: Type.String(),
      componentType: ComponentTypeSchema,
      change: Type.Enum(['put', 'delete', 'rename']),
      version: Type.Integer({ minimum: 1 }),
      /** Of a file that was rolled back: the version that it was rolled back to. */
      restores: Type.Optional(RestoresSchema),
    }),
  ),
  commTrack: CommTrackSchema,
  outcome: Type.Enum(['open', 'completed', 'partial', 'failed', 'expired']),
  recipients: Type.Array(RecipientTrackSchema),
});
export type PushView = Static<typeof PushViewSchema>;
