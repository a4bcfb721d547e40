import {
  isApiMetadata,
  isChallenge,
  isCurrentSession,
  isEnrolment,
  isJoinCode,
  isRuntimeToken,
  isSessionAnswer,
} from '@cd-push/protocol';
import { expect, it } from 'vitest';

import { admin, newKey, startTestApi } from './support/test-api.ts';

/** What is not in a schema is left out when an answer is written; so the real answers are held against the readers. */
it('what the api answers is what clients understand', async () => {
  const api = await startTestApi({ relayUrl: 'http://relay.test' });
  const key = await newKey();
  const { answer, token, refreshToken, sid } = await api.login(admin, key);
  const renewed = await api.call('POST', '/auth/refresh', {
    body: { refreshToken, ...(await api.prove(key, sid)) },
  });
  const joinCode = { module: 'shop', environment: 'development', groups: ['tills'], labels: { floor: '3' } };
  const code = await api.call('POST', '/join-codes', { token, body: joinCode });
  const runtime = await api.enrol();
  const { resourceGuid } = runtime;
  const runtimeToken = await api.call('POST', '/auth/runtime-token', {
    body: { resourceGuid, ...(await api.prove(runtime.key, resourceGuid)) },
  });
  const answers = {
    challenge: isChallenge((await api.call('POST', '/auth/challenge')).body),
    login: isSessionAnswer(answer.body),
    refresh: isSessionAnswer(renewed.body),
    session: isCurrentSession((await api.call('GET', '/auth/session', { token })).body),
    joinCode: isJoinCode(code.body),
    enrol: isEnrolment(runtime.answer.body),
    runtimeToken: isRuntimeToken(runtimeToken.body),
    wellKnown: isApiMetadata((await api.call('GET', '/.well-known/cd-push')).body),
  };
  expect(Object.entries(answers).filter(([, understood]) => !understood)).toEqual([]);
});
