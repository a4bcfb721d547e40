import { parse } from '@cd-push/protocol';
import { describe, expect, test } from 'vitest';

import { admin, startTestApi } from './support/test-api.ts';

const request = (data: object, more: object = {}) => ({
  ctx: 'Sys',
  m: 'User',
  c: 'User',
  a: 'Login',
  dat: { f_vals: [{ data }], token: null },
  args: null,
  ...more,
});

describe('the sign-in of existing clients', () => {
  test('is not there unless it is switched on', async () => {
    const api = await startTestApi();
    expect((await api.call('POST', '/api', { body: request(admin) })).status).toBe(404);
  });

  test('answers 200 with success and a cd_token', async () => {
    const api = await startTestApi({ legacyLogin: true });
    const { status, body } = await api.call('POST', '/api', {
      body: request({ ...admin, consumerGuid: 'shop-1' }),
    });
    expect(status).toBe(200);
    expect(parse('CdResponse', body)).toMatchObject({ ok: true });
    expect(body).toMatchObject({
      app_state: { success: true, sess: { userId: 1, jwt: null, ttl: 600, clientId: 'shop-1' } },
      data: {
        consumer: [{ consumerGuid: 'shop-1' }],
        menuData: [],
        userData: { userId: 1, userName: 'ada' },
      },
    });
    expect(body.app_state.sess.cd_token).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
  });

  test('answers 200 without success or any session to whom it does not know', async () => {
    const api = await startTestApi({ legacyLogin: true });
    for (const data of [
      { ...admin, password: 'wrong' },
      { userName: 'nobody', password: 'x' },
    ]) {
      const { status, body } = await api.call('POST', '/api', { body: request(data) });
      expect(status).toBe(200);
      expect(body.app_state).toMatchObject({ success: false, sess: null });
    }
  });

  test('has no way around the password', async () => {
    const api = await startTestApi({ legacyLogin: true });
    const around = request({ ...admin, password: 'wrong' });
    const f_vals = [
      { data: { ...admin, password: 'wrong' }, forgotPassword: true, extData: { forgotPassword: true } },
    ];
    for (const body of [
      { ...around, dat: { f_vals, token: null } },
      { ...around, sessData: { userId: 1, cd_token: 'x' } },
      request({ userName: 'ada', password: 'wrong', forgotPassword: true }),
    ]) {
      expect((await api.call('POST', '/api', { body })).body.app_state).toMatchObject({
        success: false,
        sess: null,
      });
    }
  });

  test('does nothing but sign in', async () => {
    const api = await startTestApi({ legacyLogin: true });
    for (const more of [{ a: 'Register' }, { m: 'Admin' }, { c: 'Session' }, { ctx: 'App' }, { dat: {} }]) {
      expect(await api.call('POST', '/api', { body: request(admin, more) })).toMatchObject({
        status: 400,
        body: { kind: 'invalid-request' },
      });
    }
  });

  test('gives a token that introspection knows for ten minutes, without grants or a key', async () => {
    const api = await startTestApi({ legacyLogin: true });
    const { body } = await api.call('POST', '/api', { body: request(admin) });
    const token = body.app_state.sess.cd_token as string;
    const introspected = (await api.introspect(token)).body;
    expect(introspected).toMatchObject({ active: true, sub: 'user-1', grants: [], user: { name: 'ada' } });
    expect(introspected).not.toHaveProperty('cnf');
    expect((await api.call('GET', '/auth/session', { token })).body.kind).toBe('unauthenticated');
    api.advance(600_000);
    expect((await api.introspect(token)).body).toEqual({ active: false });
  });

  test('gives a token that ends with its session', async () => {
    const api = await startTestApi({ legacyLogin: true });
    const { body } = await api.call('POST', '/api', { body: request(admin) });
    const legacy = body.app_state.sess.cd_token as string;
    const { sid } = (await api.introspect(legacy)).body;
    const { token } = await api.login();
    await api.call('DELETE', `/sessions/${sid}`, { token });
    expect((await api.introspect(legacy)).body).toEqual({ active: false });
  });

  test('gives a token that is good for nothing once the switch is off', async () => {
    const before = await startTestApi({ legacyLogin: true });
    const { body } = await before.call('POST', '/api', { body: request(admin) });
    await before.close();
    const after = await startTestApi({ dataFile: before.dataFile });
    expect((await after.introspect(body.app_state.sess.cd_token)).body).toEqual({ active: false });
  });

  test('is limited like any other', async () => {
    const api = await startTestApi({
      legacyLogin: true,
      rateLimits: { loginsPerName: 2, loginsPerAddress: 100, requestsPerAddress: 100 },
    });
    const attempt = async () =>
      (await api.call('POST', '/api', { body: request({ ...admin, password: 'x' }) })).status;
    expect([await attempt(), await attempt(), await attempt()]).toEqual([200, 200, 429]);
    expect((await api.login()).answer.status).toBe(429);
  });
});
