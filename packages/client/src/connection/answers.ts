import {
  isSettleEditAnswer,
  isSaveEditAnswer,
  isGetHistoryAnswer,
  isGetChangesAnswer,
  isAcceptEditsAnswer,
  isConnectChallenge,
  isConnectProofAnswer,
  isGetAuditAnswer,
  isGetHeadsAnswer,
  isGetPoliciesAnswer,
  isGetPushAnswer,
  isGetSourceAnswer,
  isGetTrackAnswer,
  isListPushesAnswer,
  isListTargetsAnswer,
  isListTimelinesAnswer,
  isObserveAnswer,
  isProblem,
  isPushAnswer,
  isRenewSessionAnswer,
  isRetryPushAnswer,
  isApprovePushAnswer,
  isGetProposalAnswer,
  isListProposalsAnswer,
  isProposePushAnswer,
  isSetPolicyAnswer,
  isSyncTurnAnswer,
  isWelcome,
  isWithdrawProposalAnswer,
  problemOf,
  ProblemError,
  type Answer,
  type PushAnswer,
  type UpEvents,
} from '@cd-push/protocol';

/** Events that are answered, each with its payload and the value of a good answer. */
export type Requests = {
  [
    Event in keyof UpEvents as UpEvents[Event] extends (payload: never, answer: never) => void
      ? Parameters<UpEvents[Event]>['length'] extends 2
        ? Event
        : never
      : never
  ]: UpEvents[Event] extends (payload: infer Payload, answer: (answer: Answer<infer Value>) => void) => void
    ? { payload: Payload; value: Value }
    : never;
};
export type RequestEvent = keyof Requests;

/** Events that nobody answers. */
export type StatementEvent = Exclude<keyof UpEvents, RequestEvent>;

/** What a runtime asks. */
export type RuntimeRequestEvent = 'runtime-hello' | 'renew-session' | 'save-edit';

/** By event, whether a value is a good answer to it. */
export type AnswerChecks<Event extends RequestEvent> = {
  readonly [Asked in Event]: (value: unknown) => value is Requests[Asked]['value'];
};

/** These alone go into a page's bundle. */
export const runtimeAnswers: AnswerChecks<RuntimeRequestEvent> = {
  'runtime-hello': isWelcome,
  'renew-session': isRenewSessionAnswer,
  'save-edit': isSaveEditAnswer,
};

export const allAnswers: AnswerChecks<RequestEvent> = {
  ...runtimeAnswers,
  'connect-proof': isConnectProofAnswer,
  'get-heads': isGetHeadsAnswer,
  'list-targets': isListTargetsAnswer,
  'get-track': isGetTrackAnswer,
  'get-push': isGetPushAnswer,
  'list-pushes': isListPushesAnswer,
  observe: isObserveAnswer,
  'retry-push': isRetryPushAnswer,
  'propose-push': isProposePushAnswer,
  'list-proposals': isListProposalsAnswer,
  'get-proposal': isGetProposalAnswer,
  'approve-push': isApprovePushAnswer,
  'withdraw-proposal': isWithdrawProposalAnswer,
  'set-policy': isSetPolicyAnswer,
  'get-policies': isGetPoliciesAnswer,
  'get-audit': isGetAuditAnswer,
  'settle-edit': isSettleEditAnswer,
  'get-history': isGetHistoryAnswer,
  'get-changes': isGetChangesAnswer,
  'get-source': isGetSourceAnswer,
  'accept-edits': isAcceptEditsAnswer,
  'list-timelines': isListTimelinesAnswer,
  'open-sync': isConnectChallenge,
  'sync-turn': isSyncTurnAnswer,
};

/**
 * The value of an answer as it came off the socket.
 *
 * @throws ProblemError the other side's problem, or `unsupported-version` for an answer that makes no sense here.
 */
export const readRequestAnswer = <Event extends RequestEvent>(
  event: Event,
  isGood: AnswerChecks<Event>[Event],
  answer: unknown,
): Requests[Event]['value'] => {
  if (typeof answer === 'object' && answer !== null && 'status' in answer) {
    if (answer.status === true && isGood(answer)) return answer;
    if (answer.status === false && 'error' in answer && isProblem(answer.error))
      throw new ProblemError(answer.error);
  }
  throw new ProblemError(
    problemOf('unsupported-version', { detail: `The relay's answer to ${event} is not understood here.` }),
  );
};

/** The relay's answer to a push; one that makes no sense counts as a refusal. */
export const readPushAnswer = (answer: unknown): PushAnswer =>
  isPushAnswer(answer)
    ? answer
    : {
        status: false,
        error: problemOf('unsupported-version', {
          detail: 'The relay’s answer to the push is not understood here.',
        }),
      };
