import Type, { type Static } from 'typebox';

import { CommTrackSchema } from './comm-track.ts';
import { limits } from '../limits.ts';
import { ComponentTypeSchema, type ComponentType } from './patch.ts';
import { ProblemSchema } from './problem-schema.ts';
import { DigestSchema, EpochMsSchema, NameSchema, PushGuidSchema } from './scalars.ts';
import { LabelsSchema } from './sync-target.ts';

const RecipientIdText = Type.String({ minLength: 1, maxLength: 640 });

/** The relay's answer to a push. `status: true` stands for accepted. */
export const PushAnswerSchema = Type.Union([
  Type.Object({
    status: Type.Literal(true),
    pushGuid: Type.String(),
    duplicate: Type.Boolean(),
    commTrack: CommTrackSchema,
    /** Set frozen at acceptance. */
    recipients: Type.Array(RecipientIdText),
  }),
  Type.Object({ status: Type.Literal(false), error: ProblemSchema }),
]);
export type PushAnswer = Static<typeof PushAnswerSchema>;

/** Any other answer: the value asked for, or a problem. */
export type Answer<Value> = ({ readonly status: true } & Value) | { readonly status: false; readonly error: Static<typeof ProblemSchema> };

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

/** Version in place of one resource; digest null stands for deleted. */
export const HeadSchema = Type.Object({
  resource: Type.String({ minLength: 1, maxLength: limits.resourceLength }),
  version: Type.Integer({ minimum: 0 }),
  digest: Type.Union([DigestSchema, Type.Null()]),
});
export type Head = Static<typeof HeadSchema>;

/** Runtime → relay, first message after every connect: what is running here. */
export const RuntimeHelloSchema = Type.Object({
  protocol: Type.Integer({ minimum: 1 }),
  /** This tab or process; the relay keeps one connection for each. */
  instance: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  kind: Type.Enum(['browser', 'node']),
  /** Digest of the served base, or null where there is none. */
  base: Type.Union([DigestSchema, Type.Null()]),
  /** What was applied on top of the base; version 0 stands for the base's own content. */
  heads: Type.Array(HeadSchema, { maxItems: 10_000 }),
  /** Bytes of code kept that no platform can unload. */
  retainedBytes: Type.Integer({ minimum: 0 }),
});
export type RuntimeHello = Static<typeof RuntimeHelloSchema>;

/** Relay → runtime: who it is here, and the clock to correct by. What is missing follows as pushes. */
export const WelcomeSchema = Type.Object({
  protocol: Type.Integer({ minimum: 1 }),
  recipient: RecipientIdText,
  serverTime: EpochMsSchema,
  /** How many pushes follow at once as this runtime's catch-up. */
  catchUp: Type.Integer({ minimum: 0 }),
  /** Signing sessions that were ended; what they signed is not applied any more. */
  revokedSessions: Type.Array(Type.String({ maxLength: 64 })),
  envelopeBytes: Type.Integer({ minimum: 1 }),
});
export type Welcome = Static<typeof WelcomeSchema>;

/** Relay → sender: some recipients have reached a stage. The event's name says which. */
export const TrackNoticeSchema = Type.Object({
  pushGuid: Type.String(),
  recipients: Type.Array(
    Type.Object({
      recipient: RecipientIdText,
      attempt: Type.Integer({ minimum: 1 }),
      at: EpochMsSchema,
      problem: Type.Optional(ProblemSchema),
    }),
  ),
  commTrack: CommTrackSchema,
  outcome: Type.Enum(['open', 'completed', 'partial', 'failed', 'expired']),
});
export type TrackNotice = Static<typeof TrackNoticeSchema>;

/** One recipient of a push, as `get-track` tells it. */
export const RecipientTrackSchema = Type.Object({
  recipient: RecipientIdText,
  kind: Type.Optional(Type.Enum(['browser', 'node'])),
  connected: Type.Boolean(),
  attempt: Type.Integer({ minimum: 1 }),
  stage: Type.Enum(['initialized', 'relayed', 'pushed', 'delivered', 'completed', 'failed', 'expired', 'superseded']),
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
      componentType: Type.Unsafe<ComponentType>(ComponentTypeSchema),
      change: Type.Enum(['put', 'delete', 'rename']),
      version: Type.Integer({ minimum: 1 }),
    }),
  ),
  commTrack: CommTrackSchema,
  outcome: Type.Enum(['open', 'completed', 'partial', 'failed', 'expired']),
  recipients: Type.Array(RecipientTrackSchema),
});
export type PushView = Static<typeof PushViewSchema>;

/** One runtime that the asking session may reach. */
export const TargetViewSchema = Type.Object({
  recipient: RecipientIdText,
  name: Type.String(),
  module: NameSchema,
  environment: NameSchema,
  labels: LabelsSchema,
  kind: Type.Optional(Type.Enum(['browser', 'node'])),
  connected: Type.Boolean(),
  base: Type.Union([DigestSchema, Type.Null()]),
  retainedBytes: Type.Integer({ minimum: 0 }),
});
export type TargetView = Static<typeof TargetViewSchema>;
