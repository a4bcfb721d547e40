import {
  limits,
  ok,
  parseEnvelope,
  problemOf,
  refuse,
  type ICdPushEnvelop,
  type Problem,
  type Result,
} from '@cd-push/protocol';

/**
 * Step 3: what arrived under an event becomes an envelope, or the place of its first fault. The only place where a push
 * is looked at as unknown data.
 *
 * @param event undefined for one that goes up under another name than its trigger's.
 */
export const parsePush = (event: string | undefined, payload: unknown): Result<ICdPushEnvelop, Problem> => {
  const envelope = parseEnvelope(payload);
  if (!envelope.ok) return envelope;
  const { triggerEvent, m } = envelope.value.pushData;
  if (event !== undefined && triggerEvent !== event) {
    return refuse(
      problemOf('invalid-envelope', {
        path: '/pushData/triggerEvent',
        detail: 'An envelope is sent under the name of its own triggerEvent.',
      }),
    );
  }
  if (typeof m === 'string' && m.length > limits.messageLength) {
    return refuse(
      problemOf('too-large', { path: '/pushData/m', detail: `At most ${limits.messageLength} characters.` }),
    );
  }
  return ok(envelope.value);
};
