import Type, { type Static } from 'typebox';

import { limits } from '../limits.ts';
import { DelegationSchema } from './identity-event.ts';
import { ProblemSchema } from './problem-schema.ts';
import { AddressSchema, DigestSchema, SignatureSchema } from './scalars.ts';
import { SessionFrameSchema } from './session-frame.ts';
import { TimelineObjectSchema } from './timeline-object.ts';

const AddressesSchema = Type.Array(AddressSchema, { maxItems: limits.syncAddresses });
/** Places in a list that the other side has sent. */
const PlacesSchema = Type.Array(Type.Integer({ minimum: 0, maximum: limits.syncAddresses }), {
  maxItems: limits.syncAddresses,
});
const HeightSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** How far one side has a timeline; null where it has no tip of it. */
export const ToldTipSchema = Type.Object({
  timeline: AddressSchema,
  tip: Type.Union([Type.Object({ address: AddressSchema, height: HeightSchema }), Type.Null()]),
});
export type ToldTip = Static<typeof ToldTipSchema>;

const ToldTipsSchema = Type.Array(ToldTipSchema, { maxItems: limits.syncTimelines });

/**
 * What is synchronised: timelines, with what they relate to, and constants; in the order of their addresses. A longer list
 * is named by the address of the selection that holds it, which the other side may know from an earlier time.
 */
export const SyncScopeSchema = Type.Union([
  Type.Object({
    timelines: ToldTipsSchema,
    constants: AddressesSchema,
  }),
  Type.Object({ selection: AddressSchema }),
]);
export type SyncScope = Static<typeof SyncScopeSchema>;

/** A list of timelines and constants as an object, so that an address names it. */
export const SyncSelectionSchema = Type.Object(
  {
    kind: Type.Literal('cd-push/selection/1'),
    timelines: Type.Array(AddressSchema, { maxItems: limits.syncTimelines }),
    constants: AddressesSchema,
  },
  { additionalProperties: false },
);
export type SyncSelection = Static<typeof SyncSelectionSchema>;

/** What becomes of timelines that have moved on at both sides: merged, left as they are, or the end of it all. */
export const SyncStrategySchema = Type.Enum(['merge', 'abort', 'manual']);
export type SyncStrategy = Static<typeof SyncStrategySchema>;

/** Objects go both ways until neither side has more. */
const transferMembers = {
  stage: Type.Literal('delta'),
  /** Addresses that the other side may lack. */
  offer: AddressesSchema,
  /** Those that were lacking of what was offered last. */
  lacks: PlacesSchema,
};

/** What the initiator of a synchronisation says. */
export const SyncRequestSchema = Type.Union([
  Type.Object({
    stage: Type.Literal('init'),
    strategy: SyncStrategySchema,
    /** Over all tips of the scope and of what it relates to here, so that equality needs no more than this. */
    digest: DigestSchema,
    scope: SyncScopeSchema,
  }),
  Type.Object({
    stage: Type.Literal('ask'),
    timelines: ToldTipsSchema,
    /** All timelines of these buckets, of so many. */
    buckets: Type.Optional(Type.Object({ count: HeightSchema, places: PlacesSchema })),
  }),
  Type.Object({
    stage: Type.Literal('have'),
    /** Frames of the initiator's side, the highest first. */
    have: Type.Array(Type.Object({ timeline: AddressSchema, frames: AddressesSchema }), {
      maxItems: limits.syncTimelines,
    }),
  }),
  Type.Object({
    ...transferMembers,
    /** What the other side has and this one lacks: beyond frames that both have. Said once, with the first delta. */
    pull: Type.Optional(
      Type.Object({
        timelines: Type.Array(Type.Object({ timeline: AddressSchema, known: AddressesSchema }), {
          maxItems: limits.syncTimelines,
        }),
        constants: AddressesSchema,
      }),
    ),
  }),
  Type.Object({
    stage: Type.Literal('commit'),
    swaps: Type.Array(
      Type.Object({
        timeline: AddressSchema,
        from: Type.Union([AddressSchema, Type.Null()]),
        to: AddressSchema,
      }),
      { maxItems: limits.syncTimelines },
    ),
  }),
  /** Nothing is to be committed at the other side. */
  Type.Object({ stage: Type.Literal('end') }),
]);
export type SyncRequest = Static<typeof SyncRequestSchema>;

/** What the responder answers. */
export const SyncResponseSchema = Type.Union([
  /** To `init`: both sides have the same. */
  Type.Object({ stage: Type.Literal('equal') }),
  /** To `init`: the selection is not known here. */
  Type.Object({ stage: Type.Literal('name') }),
  /** To `init`: digests over the tips of each bucket, where there are too many to tell them all. */
  Type.Object({
    stage: Type.Literal('buckets'),
    digests: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }), { maxItems: limits.syncAddresses }),
  }),
  /** To `init` and `ask`: tips here that differ from those that were told, and those of related timelines. */
  Type.Object({
    stage: Type.Literal('ack'),
    tips: Type.Array(
      Type.Object({
        ...ToldTipSchema.properties,
        /** Whether the tip that was told is a frame that is known here. */
        knowsTold: Type.Boolean(),
      }),
      { maxItems: limits.syncTimelines },
    ),
    /** Places of the scope's constants that are here. */
    constants: PlacesSchema,
  }),
  /** To `have`: by timeline, in the order of the question, places of the frames that are known here. */
  Type.Object({
    stage: Type.Literal('common'),
    common: Type.Array(PlacesSchema, { maxItems: limits.syncTimelines }),
  }),
  Type.Object({
    ...transferMembers,
    /** Whether nothing more comes from this side. */
    done: Type.Boolean(),
  }),
  Type.Object({ stage: Type.Literal('committed') }),
  /** To `commit`: tips of these are others by now, and nothing was committed. The saga begins again with `init`. */
  Type.Object({
    stage: Type.Literal('moved'),
    timelines: Type.Array(AddressSchema, { maxItems: limits.syncTimelines }),
  }),
  Type.Object({ stage: Type.Literal('ended') }),
  /** Why nothing was done, and nothing of this saga will be. */
  Type.Object({ stage: Type.Literal('refused'), problem: ProblemSchema }),
]);
export type SyncResponse = Static<typeof SyncResponseSchema>;

const contextMembers = {
  kind: Type.Literal('cd-push/sync/1'),
  /** Names the saga; chosen by its initiator. */
  saga: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }),
  /** Counts requests and responses of the saga, from 0. */
  turn: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
  /** Address of the context before this one; absent in the first. */
  previous: Type.Optional(AddressSchema),
  /** Digest over the objects that come with it; absent where none do. */
  carries: Type.Optional(DigestSchema),
};

/** One turn of a synchronisation, as it is signed: an object whose address the sender's session claims. */
export const SyncRequestContextSchema = Type.Object({ ...contextMembers, says: SyncRequestSchema });
export type SyncRequestContext = Static<typeof SyncRequestContextSchema>;
export const SyncResponseContextSchema = Type.Object({ ...contextMembers, says: SyncResponseSchema });
export type SyncResponseContext = Static<typeof SyncResponseContextSchema>;

/** An object as it travels, or a part of a blob that fits no message. */
export const SyncObjectSchema = Type.Union([
  TimelineObjectSchema,
  Type.Object(
    {
      piece: Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: limits.envelopeBytes }),
      /** The blob, where in it these bytes begin, and how long it is in all. */
      of: AddressSchema,
      at: HeightSchema,
      size: HeightSchema,
    },
    { additionalProperties: false },
  ),
]);
export type SyncObject = Static<typeof SyncObjectSchema>;

/**
 * Where a session comes from: how an identity stands behind it, and its frames up to the one from which on contexts were
 * signed. The other side has judged it by then; this is for who will look at what was signed later.
 */
export const SessionOriginSchema = Type.Object({
  delegation: Type.Optional(DelegationSchema),
  frames: Type.Array(SessionFrameSchema, { minItems: 1, maxItems: 64 }),
});
export type SessionOrigin = Static<typeof SessionOriginSchema>;

const turnMembers = {
  /** Of the next frame of the sender's session, which claims the verb `sync` for this context. All else of it is known. */
  signature: SignatureSchema,
  /**
   * Of the session's first frame, where it begins with this turn: by the key that the sender is certified for, for the
   * thumbprint of that key, without pools, and for the nonce that is the address of the other session's latest frame.
   */
  opening: Type.Optional(SignatureSchema),
  /** With the first commit of a connection, and with the answer to it. */
  origin: Type.Optional(SessionOriginSchema),
  objects: Type.Array(SyncObjectSchema, { maxItems: limits.syncObjects }),
};

/** Initiator → responder. */
export const SyncTurnSchema = Type.Object({ context: SyncRequestContextSchema, ...turnMembers });
export type SyncTurn = Static<typeof SyncTurnSchema>;

/** Responder → initiator. */
export const SyncTurnAnswerSchema = Type.Object({ context: SyncResponseContextSchema, ...turnMembers });
export type SyncTurnAnswer = Static<typeof SyncTurnAnswerSchema>;
