import { parse } from '@cd-push/protocol';
import { describe, expect, test } from 'vitest';

import { admin, newKey, sessionIn, startTestApi } from './support/test-api.ts';

describe('a session', () => {
  test('shows what it is and may, as of now', async () => {
    const api = await startTestApi();
    const { token, sid } = await api.login();
    await api.call('POST', '/interact/subscriptions', { token, body: { group: 'floor', userId: 1 } });
    api.advance(300_000);
    const answer = await api.call('GET', '/auth/session', { token });
    expect(parse('CdResponse', answer.body)).toMatchObject({ ok: true });
    expect(answer.body.app_state).toMatchObject({ success: true, sess: { initUuid: sid, userId: 1 } });
    expect(answer.body.app_state.sess.ttl).toBeGreaterThan(590);
    expect(answer.body.app_state.sess.ttl).toBeLessThanOrEqual(600);
    expect(answer.body.data).toMatchObject({ user: { name: 'ada' }, subscriptions: ['floor'] });
  });

  test('ends with logout, for its token and its refresh token', async () => {
    const api = await startTestApi();
    const { token, refreshToken } = await api.login();
    expect(await api.call('POST', '/auth/logout', { token })).toMatchObject({
      status: 200,
      body: { app_state: { success: true, sess: null } },
    });
    expect((await api.call('GET', '/auth/session', { token })).body.kind).toBe('session-revoked');
    expect((await api.call('POST', '/auth/refresh', { body: { refreshToken } })).body.kind).toBe(
      'session-revoked',
    );
  });

  test('ends when an admin withdraws it', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer']);
    const { token } = await api.login();
    expect((await api.call('DELETE', `/sessions/${bob.sid}`, { token })).status).toBe(204);
    expect((await api.call('GET', '/auth/session', { token: bob.token })).body.kind).toBe('session-revoked');
    const { body } = await api.call('GET', '/relay/revocations', { service: true });
    expect(body.sessions).toMatchObject([{ sid: bob.sid, reason: 'withdrawn' }]);
  });
});

describe('refreshing', () => {
  test('gives a new token of the same session and takes the old refresh token out of use', async () => {
    const api = await startTestApi();
    const first = await api.login();
    api.advance(901_000);
    expect((await api.call('GET', '/auth/session', { token: first.token })).body.kind).toBe(
      'session-expired',
    );
    const answer = await api.call('POST', '/auth/refresh', { body: { refreshToken: first.refreshToken } });
    const second = sessionIn(answer);
    expect(answer.status).toBe(200);
    expect(second.sid).toBe(first.sid);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect((await api.call('GET', '/auth/session', { token: second.token })).status).toBe(200);
  });

  test('with a spent refresh token ends the session for everyone who holds it', async () => {
    const api = await startTestApi();
    const first = await api.login();
    const second = sessionIn(
      await api.call('POST', '/auth/refresh', { body: { refreshToken: first.refreshToken } }),
    );
    const reuse = await api.call('POST', '/auth/refresh', { body: { refreshToken: first.refreshToken } });
    expect(reuse).toMatchObject({ status: 401, body: { kind: 'session-revoked' } });
    expect((await api.call('GET', '/auth/session', { token: second.token })).body.kind).toBe(
      'session-revoked',
    );
    const after = await api.call('POST', '/auth/refresh', { body: { refreshToken: second.refreshToken } });
    expect(after.body.kind).toBe('session-revoked');
    const { body } = await api.call('GET', '/relay/revocations', { service: true });
    expect(body.sessions).toMatchObject([{ sid: first.sid, reason: 'refresh-reuse' }]);
  });

  test('of a key-bound session needs the proof of that key, and a try without it spends nothing', async () => {
    const api = await startTestApi();
    const key = await newKey();
    const { refreshToken, sid } = await api.login(admin, key);
    const refresh = (body: object) => api.call('POST', '/auth/refresh', { body: { refreshToken, ...body } });
    const refusal = { status: 403, body: { kind: 'bad-signature', path: '/proof' } };
    expect(await refresh({})).toMatchObject(refusal);
    expect(await refresh(await api.prove(await newKey(), sid))).toMatchObject(refusal);
    expect(await refresh(await api.prove(key, admin.userName))).toMatchObject(refusal);
    const answer = await refresh(await api.prove(key, sid));
    expect(answer.status).toBe(200);
    expect(answer.body.data.certificate).toMatch(/^eyJ/);
  });

  test('of a key-bound session can be asked for again with proof, when the answer was lost', async () => {
    const api = await startTestApi();
    const key = await newKey();
    const { refreshToken, sid } = await api.login(admin, key);
    const refresh = async (token: string) =>
      api.call('POST', '/auth/refresh', { body: { refreshToken: token, ...(await api.prove(key, sid)) } });
    const lost = sessionIn(await refresh(refreshToken));
    const again = await refresh(refreshToken);
    expect(again.status).toBe(200);
    expect((await refresh(lost.refreshToken)).body.kind).toBe('invalid-credentials');
    expect((await refresh(sessionIn(again).refreshToken)).status).toBe(200);
    // Now the answer is known to have arrived: whoever still shows the first one has it from somewhere else.
    expect((await refresh(refreshToken)).body.kind).toBe('session-revoked');
    const { body } = await api.call('GET', '/relay/revocations', { service: true });
    expect(body.sessions).toMatchObject([{ sid, reason: 'refresh-reuse' }]);
  });

  test('of a key-bound session with a spent refresh token and no proof of its key ends it', async () => {
    const api = await startTestApi();
    const key = await newKey();
    for (const shown of ['nothing', 'another key']) {
      const { refreshToken, sid, token } = await api.login(admin, key);
      await api.call('POST', '/auth/refresh', { body: { refreshToken, ...(await api.prove(key, sid)) } });
      const proof = shown === 'nothing' ? {} : await api.prove(await newKey(), sid);
      const reuse = await api.call('POST', '/auth/refresh', { body: { refreshToken, ...proof } });
      expect(reuse.body.kind).toBe('session-revoked');
      expect((await api.introspect(token)).body).toEqual({ active: false });
    }
  });

  test('is refused with an unknown refresh token', async () => {
    const api = await startTestApi();
    const answer = await api.call('POST', '/auth/refresh', { body: { refreshToken: 'x'.repeat(43) } });
    expect(answer).toMatchObject({ status: 401, body: { kind: 'invalid-credentials' } });
  });

  test('is refused a week after the last time, and thirty days after signing in', async () => {
    const api = await startTestApi();
    const day = 24 * 60 * 60 * 1000;
    const idle = await api.login();
    let { refreshToken } = await api.login();
    api.advance(7 * day);
    expect(
      (await api.call('POST', '/auth/refresh', { body: { refreshToken: idle.refreshToken } })).body.kind,
    ).toBe('session-expired');
    ({ refreshToken } = await api.login());
    for (const days of [6, 6, 6, 6]) {
      api.advance(days * day);
      ({ refreshToken } = sessionIn(await api.call('POST', '/auth/refresh', { body: { refreshToken } })));
    }
    api.advance(6 * day);
    expect((await api.call('POST', '/auth/refresh', { body: { refreshToken } })).body.kind).toBe(
      'session-expired',
    );
  });

  test('takes over roles and grants of the moment', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer'], [{ prefix: '/shop', environments: ['test'] }]);
    const { token } = await api.login();
    const grants = [{ prefix: '/store', environments: ['development'] }];
    await api.call('PUT', `/users/${bob.id}/grants`, { token, body: { grants } });
    await api.call('PUT', `/users/${bob.id}/roles`, { token, body: { roles: ['observer'] } });
    const { body } = await api.call('POST', '/auth/refresh', { body: { refreshToken: bob.refreshToken } });
    expect(body.data).toMatchObject({ grants, user: { roles: ['observer'] } });
  });
});
