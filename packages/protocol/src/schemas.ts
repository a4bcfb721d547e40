import type { TSchema } from 'typebox';

import { ApiMetadataSchema } from './http/api-metadata.ts';
import { ChallengeSchema } from './http/challenge.ts';
import { CurrentSessionSchema } from './http/current-session.ts';
import { EnrolmentSchema } from './http/enrolment.ts';
import { JoinCodeSchema } from './http/join-code.ts';
import { RuntimeTokenSchema } from './http/runtime-token.ts';
import { RuntimeViewSchema } from './http/runtime-view.ts';
import { SessionAnswerSchema } from './http/session-answer.ts';
import { UserViewSchema } from './http/user-view.ts';
import { AcceptanceSchema } from './wire/acceptance.ts';
import { AcknowledgementSchema, FailureSchema } from './wire/acknowledgement.ts';
import { CdObjIdSchema } from './wire/cd-obj-id.ts';
import { CdPushEnvelopInputSchema, CdPushEnvelopSchema } from './wire/cd-push-envelop.ts';
import { CdRequestSchema } from './wire/cd-request.ts';
import { CdResponseSchema } from './wire/cd-response.ts';
import {
  CertificateSchema,
  GrantSchema,
  PublicKeySchema,
  RelayCertificateSchema,
} from './wire/certificate.ts';
import { CommTrackInputSchema, CommTrackSchema } from './wire/comm-track.ts';
import { DevSyncEnvelopSchema } from './wire/dev-sync-envelop.ts';
import { GetHeadsAnswerSchema, GetHeadsSchema } from './wire/get-heads.ts';
import { GetTrackAnswerSchema, GetTrackSchema } from './wire/get-track.ts';
import { HeadSchema } from './wire/head.ts';
import { ListTargetsAnswerSchema, ListTargetsSchema } from './wire/list-targets.ts';
import { PatchHeadSchema } from './wire/patch.ts';
import { ProblemSchema } from './wire/problem-schema.ts';
import { PushAnswerSchema } from './wire/push-answer.ts';
import { PushViewSchema } from './wire/push-view.ts';
import { RenewSessionAnswerSchema, RenewSessionSchema } from './wire/renew-session.ts';
import { RespInfoSchema } from './wire/resp-info.ts';
import { RuntimeHelloSchema } from './wire/runtime-hello.ts';
import { ServerConfigSchema } from './wire/server-config.ts';
import { SessRespSchema } from './wire/sess-resp.ts';
import { SessionRevocationSchema } from './wire/session-revocation.ts';
import { SocketItemSchema } from './wire/socket-item.ts';
import { StatementSchema } from './wire/statement.ts';
import { CommConversationSubSchema, SyncTargetSchema } from './wire/subscriber.ts';
import { TargetViewSchema } from './wire/target-view.ts';
import { TrackNoticeSchema } from './wire/track-notice.ts';
import { WelcomeSchema } from './wire/welcome.ts';

/** Every schema of the wire under its name: what the validators are made from and what the wire's hash covers. */
export const schemas = {
  Acceptance: AcceptanceSchema,
  Acknowledgement: AcknowledgementSchema,
  ApiMetadata: ApiMetadataSchema,
  CdObjId: CdObjIdSchema,
  CdPushEnvelop: CdPushEnvelopSchema,
  CdPushEnvelopInput: CdPushEnvelopInputSchema,
  CdRequest: CdRequestSchema,
  CdResponse: CdResponseSchema,
  Certificate: CertificateSchema,
  Challenge: ChallengeSchema,
  CommConversationSub: CommConversationSubSchema,
  CommTrack: CommTrackSchema,
  CommTrackInput: CommTrackInputSchema,
  CurrentSession: CurrentSessionSchema,
  DevSyncEnvelop: DevSyncEnvelopSchema,
  Enrolment: EnrolmentSchema,
  Failure: FailureSchema,
  GetHeads: GetHeadsSchema,
  GetHeadsAnswer: GetHeadsAnswerSchema,
  GetTrack: GetTrackSchema,
  GetTrackAnswer: GetTrackAnswerSchema,
  Grant: GrantSchema,
  Head: HeadSchema,
  JoinCode: JoinCodeSchema,
  ListTargets: ListTargetsSchema,
  ListTargetsAnswer: ListTargetsAnswerSchema,
  PatchHead: PatchHeadSchema,
  Problem: ProblemSchema,
  PublicKey: PublicKeySchema,
  PushAnswer: PushAnswerSchema,
  PushView: PushViewSchema,
  RelayCertificate: RelayCertificateSchema,
  RenewSession: RenewSessionSchema,
  RenewSessionAnswer: RenewSessionAnswerSchema,
  RespInfo: RespInfoSchema,
  RuntimeHello: RuntimeHelloSchema,
  RuntimeToken: RuntimeTokenSchema,
  RuntimeView: RuntimeViewSchema,
  ServerConfig: ServerConfigSchema,
  SessResp: SessRespSchema,
  SessionAnswer: SessionAnswerSchema,
  SessionRevocation: SessionRevocationSchema,
  SocketItem: SocketItemSchema,
  Statement: StatementSchema,
  SyncTarget: SyncTargetSchema,
  TargetView: TargetViewSchema,
  TrackNotice: TrackNoticeSchema,
  UserView: UserViewSchema,
  Welcome: WelcomeSchema,
} as const satisfies Record<string, TSchema>;

export type SchemaName = keyof typeof schemas;
