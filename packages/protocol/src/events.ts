import type { SchemaName } from './schemas.ts';
import type { Acknowledgement, Failure } from './wire/acknowledgement.ts';
import type { ICdPushEnvelop } from './wire/cd-push-envelop.ts';
import type { GetHeads, GetHeadsAnswer } from './wire/get-heads.ts';
import type { GetTrack, GetTrackAnswer } from './wire/get-track.ts';
import type { ListTargets, ListTargetsAnswer } from './wire/list-targets.ts';
import type { Problem } from './wire/problem-schema.ts';
import type { Answer, PushAnswer } from './wire/push-answer.ts';
import type { RenewSession, RenewSessionAnswer } from './wire/renew-session.ts';
import type { RuntimeHello } from './wire/runtime-hello.ts';
import type { SessionRevocation } from './wire/session-revocation.ts';
import type { TrackNotice } from './wire/track-notice.ts';
import type { Welcome } from './wire/welcome.ts';

/** Everything that goes up, event by event: payload, then the acknowledgement that answers it. */
export interface UpEvents {
  'runtime-hello': (hello: RuntimeHello, answer: (welcome: Answer<Welcome>) => void) => void;
  'push-ack': (acknowledgement: Acknowledgement) => void;
  'push-msg-complete': (acknowledgement: Acknowledgement) => void;
  'push-msg-fail': (failure: Failure) => void;
  'get-heads': (query: GetHeads, answer: (heads: Answer<GetHeadsAnswer>) => void) => void;
  'list-targets': (query: ListTargets, answer: (targets: Answer<ListTargetsAnswer>) => void) => void;
  'get-track': (query: GetTrack, answer: (push: Answer<GetTrackAnswer>) => void) => void;
  'renew-session': (renewal: RenewSession, answer: (renewed: Answer<RenewSessionAnswer>) => void) => void;
}

/** Every registered trigger goes up with an envelope, under the trigger's own name. */
export type PushEvent = (envelope: ICdPushEnvelop, answer: (answer: PushAnswer) => void) => void;

/** Everything that comes down. */
export interface DownEvents {
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
  /** What was wrong with a message that asked for no answer. */
  problem: (problem: Problem) => void;
}

export type Direction =
  | 'sender-to-relay'
  | 'runtime-to-relay'
  | 'any-to-relay'
  | 'relay-to-runtime'
  | 'relay-to-sender'
  | 'relay-to-any';

/** Who sends what to whom, by event name; payload and answer are the names of their schemas. */
export const eventCatalogue = {
  'runtime-hello': { direction: 'runtime-to-relay', payload: 'RuntimeHello', answer: 'Welcome' },
  'push-ack': { direction: 'runtime-to-relay', payload: 'Acknowledgement', answer: null },
  'push-msg-complete': { direction: 'runtime-to-relay', payload: 'Acknowledgement', answer: null },
  'push-msg-fail': { direction: 'runtime-to-relay', payload: 'Failure', answer: null },
  'get-heads': { direction: 'sender-to-relay', payload: 'GetHeads', answer: 'GetHeadsAnswer' },
  'list-targets': { direction: 'sender-to-relay', payload: 'ListTargets', answer: 'ListTargetsAnswer' },
  'get-track': { direction: 'sender-to-relay', payload: 'GetTrack', answer: 'GetTrackAnswer' },
  'renew-session': { direction: 'any-to-relay', payload: 'RenewSession', answer: 'RenewSessionAnswer' },
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
  problem: { direction: 'relay-to-any', payload: 'Problem', answer: null },
} as const satisfies Record<
  keyof UpEvents | keyof DownEvents,
  { direction: Direction; payload: SchemaName; answer: SchemaName | null }
>;
