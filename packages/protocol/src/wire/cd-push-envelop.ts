import Type, { type Static, type TSchema } from 'typebox';

import { limits } from '../limits.ts';
import { SignedApprovalSchema } from './approval.ts';
import { CdRequestSchema } from './cd-request.ts';
import { CdResponseSchema } from './cd-response.ts';
import { CommTrackInputSchema, CommTrackSchema } from './comm-track.ts';
import { OffsetSchema } from './journal-offset.ts';
import { PatchContentSchema } from './patch.ts';
import { JwsSchema } from './scalars.ts';
import { SocketItemSchema } from './socket-item.ts';
import { TimelineObjectSchema } from './timeline-object.ts';
import { CommConversationSubSchema } from './subscriber.ts';

const Flag = Type.Union([Type.Boolean(), Type.Null()]);
const EventName = Type.String({ minLength: 1, maxLength: 128 });

/** Members of `pushData` that both spellings of an envelope share. */
export const sharedMembers = {
  appId: Type.Optional(Type.String({ maxLength: 128 })),
  appSockets: Type.Optional(Type.Array(SocketItemSchema, { maxItems: 64 })),
  /** Empty only from existing clients, whose dialect gives them one at the door. */
  pushGuid: Type.String({ maxLength: 64 }),
  /** Text of a notice, or arguments of an operation as JSON; existing clients send any JSON. */
  m: Type.Optional(Type.Unknown()),
  /** Never believed and never passed on: who the sender is follows from its connection. */
  token: Type.Optional(Type.Union([Type.String({ maxLength: 8192 }), Type.Null()])),
  isNotification: Type.Optional(Flag),
  isAppInit: Type.Optional(Flag),
  /** The signed statement, as opaque bytes. */
  statement: Type.Optional(JwsSchema),
  /** The certificate of the statement's signer. */
  certificate: Type.Optional(JwsSchema),
  /** Of other people, where a target asks for them. */
  approvals: Type.Optional(Type.Array(SignedApprovalSchema, { maxItems: limits.approvals })),
  /** The relay's signed acceptance and its certificate; set by the relay. */
  acceptance: Type.Optional(JwsSchema),
  relayCertificate: Type.Optional(JwsSchema),
  /** Which attempt at these recipients this is; set by the relay. */
  attempt: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Place of this push in the relay's journal; set by the relay. */
  offset: Type.Optional(OffsetSchema),
  /** Sent again or later because this runtime was away, and not as it was accepted; set by the relay. */
  isCatchUp: Type.Optional(Flag),
  /** Contents in the order of the statement's patches. */
  contents: Type.Optional(Type.Array(PatchContentSchema, { maxItems: limits.patches })),
  /**
   * What the frames need that the statement's patches name, as far as the relay lacks it: the frames themselves, those
   * between, and sources. The relay keeps it and passes none of it on.
   */
  history: Type.Optional(Type.Array(TimelineObjectSchema, { maxItems: limits.historyObjects })),
  /** Signed statements that a receiver skipped, oldest first, without their contents; set by the relay. */
  skipped: Type.Optional(
    Type.Array(Type.Object({ statement: JwsSchema, certificate: JwsSchema }), { maxItems: 10_000 }),
  ),
};

const frame = <PushData extends TSchema>(pushData: PushData) =>
  Type.Object({
    pushData,
    req: Type.Union([CdRequestSchema, Type.Null()]),
    resp: Type.Union([CdResponseSchema, Type.Null()]),
  });

const pushMembers = {
  ...sharedMembers,
  pushRecepients: Type.Array(CommConversationSubSchema, { maxItems: limits.recipients }),
  triggerEvent: EventName,
  emittEvent: EventName,
  isSilentSync: Type.Optional(Flag),
};

/** An envelope as it may arrive from a peer, existing clients included. */
export const CdPushEnvelopInputSchema = frame(
  Type.Object({ ...pushMembers, commTrack: CommTrackInputSchema }),
);
export type CdPushEnvelopInput = Static<typeof CdPushEnvelopInputSchema>;

/** An envelope as it is read inside and as it is sent: its track is whole. */
export const CdPushEnvelopSchema = frame(Type.Object({ ...pushMembers, commTrack: CommTrackSchema }));
export type ICdPushEnvelop = Static<typeof CdPushEnvelopSchema>;

/** What a runtime reads of an envelope. It looks at nothing else of it, so nothing else can be at fault. */
export const PushedEnvelopSchema = Type.Object({
  pushData: Type.Pick(Type.Object(pushMembers), [
    'pushGuid',
    'm',
    'pushRecepients',
    'triggerEvent',
    'isSilentSync',
    'statement',
    'certificate',
    'approvals',
    'acceptance',
    'relayCertificate',
    'attempt',
    'contents',
    'skipped',
  ]),
});
export type PushedEnvelop = Static<typeof PushedEnvelopSchema>;
