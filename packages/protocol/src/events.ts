import type { SchemaName } from './schemas.ts';
import type { Acknowledgement, Failure } from './wire/acknowledgement.ts';
import type { AuditHeads, GetAudit, GetAuditAnswer } from './wire/audit.ts';
import type { ICdPushEnvelop } from './wire/cd-push-envelop.ts';
import type { ConnectChallenge, ConnectProof, ConnectProofAnswer } from './wire/connect-challenge.ts';
import type { GetChanges, GetChangesAnswer } from './wire/get-changes.ts';
import type { GetHeads, GetHeadsAnswer } from './wire/get-heads.ts';
import type { GetHistory, GetHistoryAnswer } from './wire/get-history.ts';
import type { GetPush, GetPushAnswer } from './wire/get-push.ts';
import type { GetSource, GetSourceAnswer } from './wire/get-source.ts';
import type { GetTrack, GetTrackAnswer } from './wire/get-track.ts';
import type { ListPushes, ListPushesAnswer } from './wire/list-pushes.ts';
import type { ListTargets, ListTargetsAnswer } from './wire/list-targets.ts';
import type { ListTimelines, ListTimelinesAnswer } from './wire/list-timelines.ts';
import type { Observe, ObserveAnswer, PushAccepted, SyncMetrics, TrackChanges } from './wire/observe.ts';
import type { OpenSync } from './wire/open-sync.ts';
import type {
  GetPolicies,
  GetPoliciesAnswer,
  RuntimePolicy,
  SetPolicy,
  SetPolicyAnswer,
} from './wire/policy.ts';
import type {
  AcceptEdits,
  AcceptEditsAnswer,
  EditSettled,
  OfferedEdit,
  SaveEdit,
  SaveEditAnswer,
  SettleEdit,
  SettleEditAnswer,
} from './wire/page-edit.ts';
import type { Problem } from './wire/problem-schema.ts';
import type {
  ApprovePush,
  ApprovePushAnswer,
  GetProposal,
  GetProposalAnswer,
  ListProposals,
  ListProposalsAnswer,
  ProposePushAnswer,
  WithdrawProposal,
  WithdrawProposalAnswer,
} from './wire/proposal.ts';
import type { Answer, PushAnswer } from './wire/push-answer.ts';
import type { RenewSession, RenewSessionAnswer } from './wire/renew-session.ts';
import type { RetryPush, RetryPushAnswer } from './wire/retry-push.ts';
import type { RuntimeHello } from './wire/runtime-hello.ts';
import type { SessionRevocation } from './wire/session-revocation.ts';
import type { SyncTurn, SyncTurnAnswer } from './wire/sync-turn.ts';
import type { TrackNotice } from './wire/track-notice.ts';
import type { Welcome } from './wire/welcome.ts';

/** Everything that goes up, event by event: payload, then the acknowledgement that answers it. */
export interface UpEvents {
  'connect-proof': (proof: ConnectProof, answer: (admitted: Answer<ConnectProofAnswer>) => void) => void;
  'runtime-hello': (hello: RuntimeHello, answer: (welcome: Answer<Welcome>) => void) => void;
  'push-ack': (acknowledgement: Acknowledgement) => void;
  'push-msg-complete': (acknowledgement: Acknowledgement) => void;
  'push-msg-fail': (failure: Failure) => void;
  'get-heads': (query: GetHeads, answer: (heads: Answer<GetHeadsAnswer>) => void) => void;
  'list-targets': (query: ListTargets, answer: (targets: Answer<ListTargetsAnswer>) => void) => void;
  'get-track': (query: GetTrack, answer: (push: Answer<GetTrackAnswer>) => void) => void;
  'get-push': (query: GetPush, answer: (push: Answer<GetPushAnswer>) => void) => void;
  'list-pushes': (query: ListPushes, answer: (pushes: Answer<ListPushesAnswer>) => void) => void;
  'get-history': (query: GetHistory, answer: (versions: Answer<GetHistoryAnswer>) => void) => void;
  'get-changes': (query: GetChanges, answer: (changes: Answer<GetChangesAnswer>) => void) => void;
  'get-source': (query: GetSource, answer: (source: Answer<GetSourceAnswer>) => void) => void;
  observe: (observation: Observe, answer: (begun: Answer<ObserveAnswer>) => void) => void;
  'retry-push': (retry: RetryPush, answer: (attempts: Answer<RetryPushAnswer>) => void) => void;
  /** The very envelope that would be pushed, under this name instead of its trigger's. */
  'propose-push': (envelope: ICdPushEnvelop, answer: (proposed: Answer<ProposePushAnswer>) => void) => void;
  'list-proposals': (query: ListProposals, answer: (found: Answer<ListProposalsAnswer>) => void) => void;
  'get-proposal': (query: GetProposal, answer: (proposal: Answer<GetProposalAnswer>) => void) => void;
  'approve-push': (approval: ApprovePush, answer: (approved: Answer<ApprovePushAnswer>) => void) => void;
  'withdraw-proposal': (
    withdrawal: WithdrawProposal,
    answer: (withdrawn: Answer<WithdrawProposalAnswer>) => void,
  ) => void;
  'set-policy': (change: SetPolicy, answer: (policy: Answer<SetPolicyAnswer>) => void) => void;
  'get-policies': (query: GetPolicies, answer: (policies: Answer<GetPoliciesAnswer>) => void) => void;
  'get-audit': (query: GetAudit, answer: (rows: Answer<GetAuditAnswer>) => void) => void;
  'renew-session': (renewal: RenewSession, answer: (renewed: Answer<RenewSessionAnswer>) => void) => void;
  'save-edit': (edit: SaveEdit, answer: (kept: Answer<SaveEditAnswer>) => void) => void;
  'accept-edits': (acceptance: AcceptEdits, answer: (edits: Answer<AcceptEditsAnswer>) => void) => void;
  'settle-edit': (settlement: SettleEdit, answer: (settled: Answer<SettleEditAnswer>) => void) => void;
  'list-timelines': (query: ListTimelines, answer: (found: Answer<ListTimelinesAnswer>) => void) => void;
  'open-sync': (opening: OpenSync, answer: (challenge: Answer<ConnectChallenge>) => void) => void;
  'sync-turn': (turn: SyncTurn, answer: (turn: Answer<SyncTurnAnswer>) => void) => void;
}

/** Every registered trigger goes up with an envelope, under the trigger's own name. */
export type PushEvent = (envelope: ICdPushEnvelop, answer: (answer: PushAnswer) => void) => void;

/** Everything that comes down. */
export interface DownEvents {
  /** Nothing that a person sends is heard before it is answered. */
  'connect-challenge': (challenge: ConnectChallenge) => void;
  'apply-runtime-patch': (envelope: ICdPushEnvelop) => void;
  'show-notice': (envelope: ICdPushEnvelop) => void;
  'execute-operation': (envelope: ICdPushEnvelop) => void;
  'push-msg-relayed': (notice: TrackNotice) => void;
  'push-msg-pushed': (notice: TrackNotice) => void;
  'push-delivered': (notice: TrackNotice) => void;
  'push-msg-completed': (notice: TrackNotice) => void;
  'push-msg-failed': (notice: TrackNotice) => void;
  'push-msg-superseded': (notice: TrackNotice) => void;
  'session-revoked': (revocation: SessionRevocation) => void;
  'policy-changed': (policy: RuntimePolicy) => void;
  'audit-heads': (heads: AuditHeads) => void;
  'push-accepted': (accepted: PushAccepted) => void;
  'track-changed': (changes: TrackChanges) => void;
  'sync-metrics': (metrics: SyncMetrics) => void;
  'edit-offered': (edit: OfferedEdit) => void;
  'edit-settled': (settlement: EditSettled) => void;
  /** What was wrong with a message that asked for no answer. */
  problem: (problem: Problem) => void;
}

export type Direction =
  | 'sender-to-relay'
  | 'runtime-to-relay'
  | 'any-to-relay'
  | 'relay-to-person'
  | 'relay-to-runtime'
  | 'observer-to-relay'
  | 'relay-to-sender'
  | 'relay-to-observer'
  | 'relay-to-any';

/** Who sends what to whom, by event name; payload and answer are the names of their schemas. */
export const eventCatalogue = {
  'connect-challenge': { direction: 'relay-to-person', payload: 'ConnectChallenge', answer: null },
  'connect-proof': { direction: 'any-to-relay', payload: 'ConnectProof', answer: 'ConnectProofAnswer' },
  'runtime-hello': { direction: 'runtime-to-relay', payload: 'RuntimeHello', answer: 'Welcome' },
  'push-ack': { direction: 'runtime-to-relay', payload: 'Acknowledgement', answer: null },
  'push-msg-complete': { direction: 'runtime-to-relay', payload: 'Acknowledgement', answer: null },
  'push-msg-fail': { direction: 'runtime-to-relay', payload: 'Failure', answer: null },
  'get-heads': { direction: 'sender-to-relay', payload: 'GetHeads', answer: 'GetHeadsAnswer' },
  'list-targets': { direction: 'sender-to-relay', payload: 'ListTargets', answer: 'ListTargetsAnswer' },
  'get-track': { direction: 'sender-to-relay', payload: 'GetTrack', answer: 'GetTrackAnswer' },
  'get-push': { direction: 'observer-to-relay', payload: 'GetPush', answer: 'GetPushAnswer' },
  'list-pushes': { direction: 'observer-to-relay', payload: 'ListPushes', answer: 'ListPushesAnswer' },
  'get-history': { direction: 'observer-to-relay', payload: 'GetHistory', answer: 'GetHistoryAnswer' },
  'get-changes': { direction: 'observer-to-relay', payload: 'GetChanges', answer: 'GetChangesAnswer' },
  'get-source': { direction: 'observer-to-relay', payload: 'GetSource', answer: 'GetSourceAnswer' },
  observe: { direction: 'observer-to-relay', payload: 'Observe', answer: 'ObserveAnswer' },
  'retry-push': { direction: 'sender-to-relay', payload: 'RetryPush', answer: 'RetryPushAnswer' },
  'propose-push': { direction: 'sender-to-relay', payload: 'CdPushEnvelop', answer: 'ProposePushAnswer' },
  'list-proposals': {
    direction: 'observer-to-relay',
    payload: 'ListProposals',
    answer: 'ListProposalsAnswer',
  },
  'get-proposal': { direction: 'observer-to-relay', payload: 'GetProposal', answer: 'GetProposalAnswer' },
  'approve-push': { direction: 'sender-to-relay', payload: 'ApprovePush', answer: 'ApprovePushAnswer' },
  'withdraw-proposal': {
    direction: 'sender-to-relay',
    payload: 'WithdrawProposal',
    answer: 'WithdrawProposalAnswer',
  },
  'set-policy': { direction: 'sender-to-relay', payload: 'SetPolicy', answer: 'SetPolicyAnswer' },
  'get-policies': { direction: 'observer-to-relay', payload: 'GetPolicies', answer: 'GetPoliciesAnswer' },
  'get-audit': { direction: 'observer-to-relay', payload: 'GetAudit', answer: 'GetAuditAnswer' },
  'renew-session': { direction: 'any-to-relay', payload: 'RenewSession', answer: 'RenewSessionAnswer' },
  'save-edit': { direction: 'runtime-to-relay', payload: 'SaveEdit', answer: 'SaveEditAnswer' },
  'accept-edits': { direction: 'sender-to-relay', payload: 'AcceptEdits', answer: 'AcceptEditsAnswer' },
  'settle-edit': { direction: 'sender-to-relay', payload: 'SettleEdit', answer: 'SettleEditAnswer' },
  'list-timelines': {
    direction: 'runtime-to-relay',
    payload: 'ListTimelines',
    answer: 'ListTimelinesAnswer',
  },
  'open-sync': { direction: 'runtime-to-relay', payload: 'OpenSync', answer: 'ConnectChallenge' },
  'sync-turn': { direction: 'any-to-relay', payload: 'SyncTurn', answer: 'SyncTurnAnswer' },
  'apply-runtime-patch': { direction: 'relay-to-runtime', payload: 'CdPushEnvelop', answer: null },
  'show-notice': { direction: 'relay-to-runtime', payload: 'CdPushEnvelop', answer: null },
  'execute-operation': { direction: 'relay-to-runtime', payload: 'CdPushEnvelop', answer: null },
  'push-msg-relayed': { direction: 'relay-to-sender', payload: 'TrackNotice', answer: null },
  'push-msg-pushed': { direction: 'relay-to-sender', payload: 'TrackNotice', answer: null },
  'push-delivered': { direction: 'relay-to-sender', payload: 'TrackNotice', answer: null },
  'push-msg-completed': { direction: 'relay-to-sender', payload: 'TrackNotice', answer: null },
  'push-msg-failed': { direction: 'relay-to-sender', payload: 'TrackNotice', answer: null },
  'push-msg-superseded': { direction: 'relay-to-sender', payload: 'TrackNotice', answer: null },
  'session-revoked': { direction: 'relay-to-runtime', payload: 'SessionRevocation', answer: null },
  'policy-changed': { direction: 'relay-to-runtime', payload: 'RuntimePolicy', answer: null },
  'audit-heads': { direction: 'relay-to-any', payload: 'AuditHeads', answer: null },
  'push-accepted': { direction: 'relay-to-observer', payload: 'PushAccepted', answer: null },
  'track-changed': { direction: 'relay-to-observer', payload: 'TrackChanges', answer: null },
  'sync-metrics': { direction: 'relay-to-observer', payload: 'SyncMetrics', answer: null },
  'edit-offered': { direction: 'relay-to-sender', payload: 'OfferedEdit', answer: null },
  'edit-settled': { direction: 'relay-to-runtime', payload: 'EditSettled', answer: null },
  problem: { direction: 'relay-to-any', payload: 'Problem', answer: null },
} as const satisfies Record<
  keyof UpEvents | keyof DownEvents,
  { direction: Direction; payload: SchemaName; answer: SchemaName | null }
>;
