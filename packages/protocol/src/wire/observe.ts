import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { SignedAuditHeadSchema } from './audit.ts';
import { CorrectionSchema } from './correction.ts';
import { JournalOffsetSchema, OffsetSchema } from './journal-offset.ts';
import { ProblemSchema } from './problem-schema.ts';
import { PushViewSchema } from './push-view.ts';
import { RecipientIdSchema } from './recipient-id.ts';
import { EpochMsSchema, NameSchema, PushGuidSchema } from './scalars.ts';

/** Which pushes: those of what the session may see; each member that is given narrows them. */
export const pushFilterMembers = {
  pushGuid: Type.Optional(PushGuidSchema),
  environment: Type.Optional(NameSchema),
  /** Of resources under this prefix. */
  prefix: Type.Optional(Type.String({ minLength: 1, maxLength: limits.resourceLength })),
  /** To this recipient, or to any instance of this credential. */
  recipient: Type.Optional(RecipientIdSchema),
};

/** Anybody who may query → relay: tell of pushes and of every change of their tracks from now on, on this connection. */
export const ObserveSchema = Type.Object({
  ...pushFilterMembers,
  /** What is told of them: by default `all`; or that they were `accepted` and no more, neither their tracks nor metrics. */
  tell: Type.Optional(Type.Enum(['all', 'accepted'])),
  /** Also what happened after this. */
  after: Type.Optional(JournalOffsetSchema),
});
export type Observe = Static<typeof ObserveSchema>;

/** Relay → observer: where its observation begins. */
export const ObserveAnswerSchema = Type.Object({
  journal: JournalOffsetSchema,
  /** Whether what happened since `after` could not all be told; `open` is the whole picture then. */
  reset: Type.Boolean(),
  /** The latest pushes that are not settled, oldest first; all of them are had from `list-pushes`. */
  open: Type.Array(PushViewSchema, { maxItems: limits.pushesPerPage }),
  auditHeads: Type.Array(SignedAuditHeadSchema, { maxItems: limits.auditHeads }),
});
export type ObserveAnswer = Static<typeof ObserveAnswerSchema>;

/** Relay → observer: a push was accepted. */
export const PushAcceptedSchema = Type.Object({ push: PushViewSchema });
export type PushAccepted = Static<typeof PushAcceptedSchema>;

/** One recipient of one push came to a stage. */
export const TrackChangeSchema = Type.Object({
  pushGuid: PushGuidSchema,
  recipient: RecipientIdSchema,
  attempt: Type.Integer({ minimum: 1 }),
  stage: Type.Enum(['relayed', 'pushed', 'delivered', 'completed', 'failed', 'expired', 'superseded']),
  at: EpochMsSchema,
  problem: Type.Optional(ProblemSchema),
  correction: Type.Optional(CorrectionSchema),
});
export type TrackChange = Static<typeof TrackChangeSchema>;

/** Relay → observer: every change of the tracks that it observes, in the order of the journal. */
export const TrackChangesSchema = Type.Object({
  /** Where the observer stands after these. */
  offset: OffsetSchema,
  changes: Type.Array(TrackChangeSchema),
});
export type TrackChanges = Static<typeof TrackChangesSchema>;

/** How pushes of one resource go at one target, since the relay counts. Milliseconds are medians of the latest. */
export const SyncMetricSchema = Type.Object({
  resource: Type.String(),
  recipient: RecipientIdSchema,
  open: Type.Integer({ minimum: 0 }),
  completed: Type.Integer({ minimum: 0 }),
  failed: Type.Integer({ minimum: 0 }),
  expired: Type.Integer({ minimum: 0 }),
  superseded: Type.Integer({ minimum: 0 }),
  /** From acceptance to delivered, and to completed. */
  deliveredMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
  completedMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
  /** Age of the oldest push that is pushed and neither answered nor settled. */
  overdueMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
});
export type SyncMetric = Static<typeof SyncMetricSchema>;

/** Relay → observer: metrics that changed, at most once a second. */
export const SyncMetricsSchema = Type.Object({ at: EpochMsSchema, metrics: Type.Array(SyncMetricSchema) });
export type SyncMetrics = Static<typeof SyncMetricsSchema>;
