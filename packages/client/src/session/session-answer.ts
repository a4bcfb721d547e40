import { isSessionAnswer } from '@cd-push/protocol';

import type { RelayClock } from '../clock/relay-clock.ts';
import { readAnswer } from '../http/read-answer.ts';
import type { StoredSession } from './session-store.ts';

/** Sends a request and tells when it left and when its answer was there, on this machine's clock. */
export const timed = async <Value>(
  send: () => Promise<Value>,
): Promise<{ value: Value; sentAt: number; receivedAt: number }> => {
  const sentAt = Date.now();
  const value = await send();
  return { value, sentAt, receivedAt: Date.now() };
};

/** The session that an answer of login or refresh stands for; its time of issue also sets the clock. */
export const readSessionAnswer = (
  answer: { readonly value: unknown; readonly sentAt: number; readonly receivedAt: number },
  apiUrl: string,
  path: string,
  clock: RelayClock,
): StoredSession => {
  const { app_state: state, data } = readAnswer(isSessionAnswer, answer.value, path);
  const { jwt, initUuid, ttl } = state.sess;
  clock.observe(jwt.checkTime, answer.sentAt, answer.receivedAt);
  const lifetimeMs = (jwt.ttl ?? ttl) * 1000;
  const { tenant, ...user } = data.user;
  return {
    apiUrl,
    issuer: data.issuer,
    tenant,
    keys: data.keys,
    user,
    sessionId: initUuid,
    token: jwt.jwtToken,
    tokenExpiresAt: jwt.checkTime + lifetimeMs,
    tokenLifetimeMs: lifetimeMs,
    refreshToken: data.refreshToken,
    certificate: data.certificate,
    grants: data.grants,
    clockOffsetMs: clock.offsetMs,
  };
};
