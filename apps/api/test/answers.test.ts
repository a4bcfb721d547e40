import {
  isApiMetadata,
  isChallenge,
  isCurrentSession,
  isEnrolment,
  isIdentityBound,
  isIdentityEvents,
  isIdentityView,
  isJoinCode,
  isRuntimeToken,
  isSessionAnswer,
} from '@cd-push/protocol';
import { expect, it } from 'vitest';

import { startTestApi } from './support/test-api.ts';

/** What is not in a schema is left out when an answer is written; so the real answers are held against the readers. */
it('what the api answers is what clients understand', async () => {
  const api = await startTestApi({ relayUrl: 'http://relay.test' });
  const bound = await api.bind();
  const session = await api.open(bound.kept);
  const { answer, token } = session;
  const renewed = await api.renew(session);
  const identity = `/identities/${bound.kept.identity}`;
  const joinCode = { module: 'shop', environment: 'development', groups: ['tills'], labels: { floor: '3' } };
  const code = await api.call('POST', '/join-codes', { token, body: joinCode });
  const runtime = await api.enrol();
  const { resourceGuid } = runtime;
  const runtimeToken = await api.call('POST', '/auth/runtime-token', {
    body: { resourceGuid, ...(await api.prove(runtime.key, resourceGuid)) },
  });
  const answers = {
    challenge: isChallenge((await api.call('POST', '/auth/challenge')).body),
    bound: isIdentityBound(bound.answer.body),
    identity: isIdentityView((await api.call('GET', identity)).body),
    events: isIdentityEvents((await api.call('GET', `${identity}/events`, { token })).body),
    log: isIdentityEvents((await api.log(session.kept)).body),
    opened: isSessionAnswer(answer.body),
    renewed: isSessionAnswer(renewed.answer.body),
    session: isCurrentSession((await api.call('GET', '/auth/session', { token })).body),
    joinCode: isJoinCode(code.body),
    enrol: isEnrolment(runtime.answer.body),
    runtimeToken: isRuntimeToken(runtimeToken.body),
    wellKnown: isApiMetadata((await api.call('GET', '/.well-known/cd-push')).body),
  };
  expect(Object.entries(answers).filter(([, understood]) => !understood)).toEqual([]);
});
