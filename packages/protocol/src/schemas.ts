import type { TSchema } from 'typebox';

import { ApiMetadataSchema } from './http/api-metadata.ts';
import { ChallengeSchema } from './http/challenge.ts';
import { CurrentSessionSchema } from './http/current-session.ts';
import { EnrolmentSchema } from './http/enrolment.ts';
import { IdentityBoundSchema, IdentityEventsSchema, IdentityViewSchema } from './http/identity-answers.ts';
import { JoinCodeSchema } from './http/join-code.ts';
import { RuntimeTokenSchema } from './http/runtime-token.ts';
import { RuntimeViewSchema } from './http/runtime-view.ts';
import { SessionAnswerSchema } from './http/session-answer.ts';
import { UserViewSchema } from './http/user-view.ts';
import { AcceptanceSchema } from './wire/acceptance.ts';
import { AcknowledgementSchema, FailureSchema } from './wire/acknowledgement.ts';
import { ApprovalSchema, SignedApprovalSchema } from './wire/approval.ts';
import { CdObjIdSchema } from './wire/cd-obj-id.ts';
import {
  CdPushEnvelopInputSchema,
  CdPushEnvelopSchema,
  PushedEnvelopSchema,
} from './wire/cd-push-envelop.ts';
import { CdRequestSchema } from './wire/cd-request.ts';
import { CdResponseSchema } from './wire/cd-response.ts';
import { CertificateSchema, RelayCertificateSchema } from './wire/certificate.ts';
import { CommTrackInputSchema, CommTrackSchema } from './wire/comm-track.ts';
import {
  ConnectChallengeSchema,
  ConnectProofAnswerSchema,
  ConnectProofSchema,
  RelayChallengeSchema,
} from './wire/connect-challenge.ts';
import { DevSyncEnvelopSchema } from './wire/dev-sync-envelop.ts';
import { GetChangesAnswerSchema, GetChangesSchema } from './wire/get-changes.ts';
import { GetHeadsAnswerSchema, GetHeadsSchema } from './wire/get-heads.ts';
import { GetHistoryAnswerSchema, GetHistorySchema } from './wire/get-history.ts';
import { GetTrackAnswerSchema, GetTrackSchema } from './wire/get-track.ts';
import { GrantSchema } from './wire/grant.ts';
import { HeadSchema } from './wire/head.ts';
import { DelegationSchema, IdentityEventSchema } from './wire/identity-event.ts';
import { ListTargetsAnswerSchema, ListTargetsSchema } from './wire/list-targets.ts';
import { ListTimelinesAnswerSchema, ListTimelinesSchema } from './wire/list-timelines.ts';
import {
  AuditHeadSchema,
  AuditHeadsSchema,
  AuditRowSchema,
  GetAuditAnswerSchema,
  GetAuditSchema,
} from './wire/audit.ts';
import { GetPushAnswerSchema, GetPushSchema } from './wire/get-push.ts';
import { GetSourceAnswerSchema, GetSourceSchema } from './wire/get-source.ts';
import { ListPushesAnswerSchema, ListPushesSchema } from './wire/list-pushes.ts';
import {
  ObserveAnswerSchema,
  ObserveSchema,
  PushAcceptedSchema,
  SyncMetricsSchema,
  TrackChangesSchema,
} from './wire/observe.ts';
import { OpenSyncSchema, RuntimeDelegationSchema } from './wire/open-sync.ts';
import {
  GetPoliciesAnswerSchema,
  GetPoliciesSchema,
  RuntimePolicySchema,
  SetPolicyAnswerSchema,
  SetPolicySchema,
} from './wire/policy.ts';
import { RetryPushAnswerSchema, RetryPushSchema } from './wire/retry-push.ts';
import {
  AcceptEditsAnswerSchema,
  AcceptEditsSchema,
  EditSettledSchema,
  OfferedEditSchema,
  SaveEditAnswerSchema,
  SaveEditSchema,
  SettleEditAnswerSchema,
  SettleEditSchema,
} from './wire/page-edit.ts';
import { PatchHeadSchema } from './wire/patch.ts';
import { ProblemSchema } from './wire/problem-schema.ts';
import {
  ApprovePushAnswerSchema,
  ApprovePushSchema,
  GetProposalAnswerSchema,
  GetProposalSchema,
  ListProposalsAnswerSchema,
  ListProposalsSchema,
  ProposalViewSchema,
  ProposePushAnswerSchema,
  WithdrawProposalAnswerSchema,
  WithdrawProposalSchema,
} from './wire/proposal.ts';
import { PublicKeySchema } from './wire/public-key.ts';
import { PushAnswerSchema } from './wire/push-answer.ts';
import { PushViewSchema } from './wire/push-view.ts';
import { RenewSessionAnswerSchema, RenewSessionSchema } from './wire/renew-session.ts';
import { RespInfoSchema } from './wire/resp-info.ts';
import { RuntimeHelloSchema } from './wire/runtime-hello.ts';
import { ScopeSchema } from './wire/scope.ts';
import { ServerConfigSchema } from './wire/server-config.ts';
import { SessRespSchema } from './wire/sess-resp.ts';
import { SessionFrameSchema } from './wire/session-frame.ts';
import { SessionGenesisSchema, SessionStepSchema } from './wire/session-frame.ts';
import { SessionRevocationSchema } from './wire/session-revocation.ts';
import { SocketItemSchema } from './wire/socket-item.ts';
import { StatementSchema } from './wire/statement.ts';
import { CommConversationSubSchema, SyncTargetSchema } from './wire/subscriber.ts';
import {
  SyncRequestContextSchema,
  SyncResponseContextSchema,
  SyncSelectionSchema,
  SyncTurnAnswerSchema,
  SyncTurnSchema,
} from './wire/sync-turn.ts';
import { TargetViewSchema } from './wire/target-view.ts';
import { TrackNoticeSchema } from './wire/track-notice.ts';
import { WelcomeSchema } from './wire/welcome.ts';

/** Every schema of the wire under its name: what the validators are made from and what the wire's hash covers. */
export const schemas = {
  AcceptEdits: AcceptEditsSchema,
  AcceptEditsAnswer: AcceptEditsAnswerSchema,
  Acceptance: AcceptanceSchema,
  Acknowledgement: AcknowledgementSchema,
  ApiMetadata: ApiMetadataSchema,
  Approval: ApprovalSchema,
  ApprovePush: ApprovePushSchema,
  ApprovePushAnswer: ApprovePushAnswerSchema,
  AuditHead: AuditHeadSchema,
  AuditHeads: AuditHeadsSchema,
  AuditRow: AuditRowSchema,
  CdObjId: CdObjIdSchema,
  CdPushEnvelop: CdPushEnvelopSchema,
  CdPushEnvelopInput: CdPushEnvelopInputSchema,
  PushedEnvelop: PushedEnvelopSchema,
  CdRequest: CdRequestSchema,
  CdResponse: CdResponseSchema,
  Certificate: CertificateSchema,
  Challenge: ChallengeSchema,
  CommConversationSub: CommConversationSubSchema,
  CommTrack: CommTrackSchema,
  CommTrackInput: CommTrackInputSchema,
  ConnectChallenge: ConnectChallengeSchema,
  ConnectProof: ConnectProofSchema,
  ConnectProofAnswer: ConnectProofAnswerSchema,
  CurrentSession: CurrentSessionSchema,
  Delegation: DelegationSchema,
  DevSyncEnvelop: DevSyncEnvelopSchema,
  EditSettled: EditSettledSchema,
  Enrolment: EnrolmentSchema,
  Failure: FailureSchema,
  GetAudit: GetAuditSchema,
  GetAuditAnswer: GetAuditAnswerSchema,
  GetChanges: GetChangesSchema,
  GetChangesAnswer: GetChangesAnswerSchema,
  GetHeads: GetHeadsSchema,
  GetHeadsAnswer: GetHeadsAnswerSchema,
  GetHistory: GetHistorySchema,
  GetHistoryAnswer: GetHistoryAnswerSchema,
  GetPolicies: GetPoliciesSchema,
  GetPoliciesAnswer: GetPoliciesAnswerSchema,
  GetProposal: GetProposalSchema,
  GetProposalAnswer: GetProposalAnswerSchema,
  GetPush: GetPushSchema,
  GetPushAnswer: GetPushAnswerSchema,
  GetSource: GetSourceSchema,
  GetSourceAnswer: GetSourceAnswerSchema,
  GetTrack: GetTrackSchema,
  GetTrackAnswer: GetTrackAnswerSchema,
  Grant: GrantSchema,
  Head: HeadSchema,
  IdentityBound: IdentityBoundSchema,
  IdentityEvent: IdentityEventSchema,
  IdentityEvents: IdentityEventsSchema,
  IdentityView: IdentityViewSchema,
  JoinCode: JoinCodeSchema,
  ListProposals: ListProposalsSchema,
  ListProposalsAnswer: ListProposalsAnswerSchema,
  ListPushes: ListPushesSchema,
  ListPushesAnswer: ListPushesAnswerSchema,
  ListTargets: ListTargetsSchema,
  ListTargetsAnswer: ListTargetsAnswerSchema,
  ListTimelines: ListTimelinesSchema,
  ListTimelinesAnswer: ListTimelinesAnswerSchema,
  Observe: ObserveSchema,
  ObserveAnswer: ObserveAnswerSchema,
  OfferedEdit: OfferedEditSchema,
  OpenSync: OpenSyncSchema,
  PatchHead: PatchHeadSchema,
  Problem: ProblemSchema,
  ProposalView: ProposalViewSchema,
  ProposePushAnswer: ProposePushAnswerSchema,
  PublicKey: PublicKeySchema,
  PushAccepted: PushAcceptedSchema,
  PushAnswer: PushAnswerSchema,
  PushView: PushViewSchema,
  RelayCertificate: RelayCertificateSchema,
  RelayChallenge: RelayChallengeSchema,
  RenewSession: RenewSessionSchema,
  RenewSessionAnswer: RenewSessionAnswerSchema,
  RespInfo: RespInfoSchema,
  RetryPush: RetryPushSchema,
  RetryPushAnswer: RetryPushAnswerSchema,
  RuntimeDelegation: RuntimeDelegationSchema,
  RuntimeHello: RuntimeHelloSchema,
  RuntimePolicy: RuntimePolicySchema,
  RuntimeToken: RuntimeTokenSchema,
  RuntimeView: RuntimeViewSchema,
  SaveEdit: SaveEditSchema,
  SaveEditAnswer: SaveEditAnswerSchema,
  Scope: ScopeSchema,
  ServerConfig: ServerConfigSchema,
  SessResp: SessRespSchema,
  SessionAnswer: SessionAnswerSchema,
  SessionFrame: SessionFrameSchema,
  SessionGenesis: SessionGenesisSchema,
  SessionRevocation: SessionRevocationSchema,
  SessionStep: SessionStepSchema,
  SetPolicy: SetPolicySchema,
  SetPolicyAnswer: SetPolicyAnswerSchema,
  SettleEdit: SettleEditSchema,
  SettleEditAnswer: SettleEditAnswerSchema,
  SignedApproval: SignedApprovalSchema,
  SocketItem: SocketItemSchema,
  Statement: StatementSchema,
  SyncMetrics: SyncMetricsSchema,
  SyncRequestContext: SyncRequestContextSchema,
  SyncResponseContext: SyncResponseContextSchema,
  SyncSelection: SyncSelectionSchema,
  SyncTarget: SyncTargetSchema,
  SyncTurn: SyncTurnSchema,
  SyncTurnAnswer: SyncTurnAnswerSchema,
  TargetView: TargetViewSchema,
  TrackChanges: TrackChangesSchema,
  TrackNotice: TrackNoticeSchema,
  UserView: UserViewSchema,
  Welcome: WelcomeSchema,
  WithdrawProposal: WithdrawProposalSchema,
  WithdrawProposalAnswer: WithdrawProposalAnswerSchema,
} as const satisfies Record<string, TSchema>;

export type SchemaName = keyof typeof schemas;
