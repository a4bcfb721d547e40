import {
  HeadSchema,
  isProblem,
  isPushAnswer,
  problemOf,
  ProblemError,
  PushViewSchema,
  TargetViewSchema,
  WelcomeSchema,
  type Answer,
  type PushAnswer,
  type UpEvents,
} from '@cd-push/protocol';
import { Type } from 'typebox';
import { Check } from 'typebox/value';

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

const valueSchemas = {
  'runtime-hello': WelcomeSchema,
  'get-heads': Type.Object({ heads: Type.Array(HeadSchema) }),
  'list-targets': Type.Object({ targets: Type.Array(TargetViewSchema) }),
  'get-track': Type.Object({ push: PushViewSchema }),
  'renew-session': Type.Object({ expiresAt: Type.Integer({ minimum: 0 }) }),
} satisfies Record<RequestEvent, unknown>;

/**
 * The value of an answer as it came off the socket.
 *
 * @throws ProblemError the other side's problem, or `unsupported-version` for an answer that makes no sense here.
 */
export const readRequestAnswer = <Event extends RequestEvent>(
  event: Event,
  answer: unknown,
): Requests[Event]['value'] => {
  if (typeof answer === 'object' && answer !== null && 'status' in answer) {
    if (answer.status === true && isValueOf(event, answer)) return answer;
    if (answer.status === false && 'error' in answer && isProblem(answer.error))
      throw new ProblemError(answer.error);
  }
  throw new ProblemError(
    problemOf('unsupported-version', { detail: `The relay's answer to ${event} is not understood here.` }),
  );
};

const isValueOf = <Event extends RequestEvent>(
  event: Event,
  answer: object,
): answer is Requests[Event]['value'] => Check(valueSchemas[event], answer);

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
