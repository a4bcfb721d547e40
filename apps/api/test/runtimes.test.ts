import { limits } from '@cd-push/protocol';
import { openRelayCertificate } from '@cd-push/timeline';
import { describe, expect, test } from 'vitest';

import { follow } from './support/event-stream.ts';
import { issuer, newKey, service, startTestApi } from './support/test-api.ts';

describe('a join code', () => {
  test('gives a runtime what it says, a token of its own and the keys to pin', async () => {
    const api = await startTestApi({ tenant: 'acme' });
    const { answer, token, resourceGuid, key } = await api.enrol({
      labels: { floor: '2' },
      groups: ['tills'],
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        module: 'shop',
        environment: 'development',
        labels: { floor: '2' },
        groups: ['tills'],
        issuer,
        tenant: 'acme',
      },
    });
    expect(answer.body.keys).toHaveLength(1);
    expect((await api.introspect(token)).body).toMatchObject({
      active: true,
      client: 'runtime',
      sub: resourceGuid,
      sid: resourceGuid,
      roles: ['runtime'],
      grants: [],
      cnf: { jwk: key.publicKey },
      runtime: { guid: resourceGuid, module: 'shop', groups: ['tills'], user: 1 },
      subscriptions: ['tills'],
    });
    const { body } = await api.call('GET', '/relay/runtimes', { service: true });
    expect(body.runtimes).toMatchObject([{ guid: resourceGuid, labels: { floor: '2' } }]);
  });

  test('[APPROVE-3] says how many others have to approve of what is pushed there, nobody by default', async () => {
    const api = await startTestApi();
    const { answer, token, resourceGuid } = await api.enrol({ approvals: 2 });
    expect(answer.body.approvals).toBe(2);
    expect((await api.introspect(token)).body.runtime).toMatchObject({ approvals: 2 });
    expect((await api.call('GET', '/relay/runtimes', { service: true })).body.runtimes).toMatchObject([
      { guid: resourceGuid, approvals: 2 },
    ]);
    expect((await api.enrol()).answer.body.approvals).toBe(0);
    const { token: admin } = await api.login();
    for (const approvals of [-1, limits.approvals + 1, 0.5]) {
      const body = { module: 'shop', environment: 'test', approvals };
      expect(await api.call('POST', '/join-codes', { token: admin, body })).toMatchObject({
        status: 400,
        body: { path: '/approvals' },
      });
    }
  });

  test('is good for one runtime', async () => {
    const api = await startTestApi();
    const { joinCode } = await api.enrol();
    const key = await newKey();
    const body = { joinCode, publicKey: key.publicKey, ...(await api.prove(key, joinCode)) };
    expect(await api.call('POST', '/auth/enrol', { body })).toMatchObject({
      status: 401,
      body: { kind: 'invalid-credentials', path: '/joinCode' },
    });
  });

  test('is good for as many as it says, also when they come at once', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const made = await api.call('POST', '/join-codes', {
      token,
      body: { module: 'shop', environment: 'test', uses: 3 },
    });
    const statuses = Array.from({ length: 6 }, async () => {
      const key = await newKey();
      const proof = await api.prove(key, made.body.code);
      const body = { joinCode: made.body.code, publicKey: key.publicKey, ...proof };
      return (await api.call('POST', '/auth/enrol', { body })).status;
    });
    expect((await Promise.all(statuses)).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 401, 401, 401]);
  });

  test('expires', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const body = { module: 'shop', environment: 'test', ttlSeconds: 60 };
    const { code } = (await api.call('POST', '/join-codes', { token, body })).body;
    api.advance(60_001);
    const key = await newKey();
    const enrol = { joinCode: code, publicKey: key.publicKey, ...(await api.prove(key, code)) };
    expect((await api.call('POST', '/auth/enrol', { body: enrol })).body.kind).toBe('invalid-credentials');
  });

  test('is not spent by a forged proof', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const made = await api.call('POST', '/join-codes', {
      token,
      body: { module: 'shop', environment: 'test' },
    });
    const joinCode = made.body.code as string;
    const key = await newKey();
    const enrol = async (proof: { nonce: string; proof: string }) =>
      api.call('POST', '/auth/enrol', { body: { joinCode, publicKey: key.publicKey, ...proof } });
    const refusal = { status: 403, body: { kind: 'bad-signature', path: '/proof' } };
    expect(await enrol(await api.prove(await newKey(), joinCode))).toMatchObject(refusal);
    expect(await enrol(await api.prove(key, 'another code'))).toMatchObject(refusal);
    const right = await api.prove(key, joinCode);
    expect((await enrol(right)).status).toBe(200);
    expect(await enrol(right)).toMatchObject(refusal);
  });

  test('is made by whom a grant gives the whole module in that environment', async () => {
    const api = await startTestApi();
    const bob = await api.join(
      'bob',
      ['developer'],
      [
        { prefix: '/shop', environments: ['development'] },
        { prefix: '/store/src', environments: ['*'] },
      ],
    );
    const attempt = async (module: string, environment: string) =>
      (await api.call('POST', '/join-codes', { token: bob.token, body: { module, environment } })).status;
    expect(await attempt('shop', 'development')).toBe(201);
    expect(await attempt('shop', 'production')).toBe(403);
    expect(await attempt('shopping', 'development')).toBe(403);
    expect(await attempt('store', 'development')).toBe(403);
  });

  test('is made by developers and admins alone', async () => {
    const api = await startTestApi();
    const body = { module: 'shop', environment: 'development' };
    const olga = await api.join('olga', ['observer'], [{ prefix: '/', environments: ['*'] }]);
    expect((await api.call('POST', '/join-codes', { token: olga.token, body })).body.kind).toBe('forbidden');
    const { token } = await api.enrol();
    expect((await api.call('POST', '/join-codes', { token, body })).body.kind).toBe('forbidden');
    expect((await api.call('POST', '/join-codes', { body })).body.kind).toBe('unauthenticated');
  });

  test('brings runtimes only into groups of whoever makes it', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer'], [{ prefix: '/shop', environments: ['*'] }]);
    const { token } = await api.login();
    await api.call('POST', '/interact/subscriptions', { token, body: { group: 'tills', userId: bob.id } });
    const attempt = (groups: readonly string[]) =>
      api.call('POST', '/join-codes', {
        token: bob.token,
        body: { module: 'shop', environment: 'development', groups },
      });
    expect((await attempt(['tills'])).status).toBe(201);
    expect(await attempt(['tills', 'board'])).toMatchObject({
      status: 403,
      body: { kind: 'forbidden', path: '/groups/1' },
    });
  });

  test('is listed without its secret, and withdrawn, by those who could have made it', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const bob = await api.join('bob', ['developer'], [{ prefix: '/other', environments: ['*'] }]);
    const { id, code } = (
      await api.call('POST', '/join-codes', { token, body: { module: 'shop', environment: 'test' } })
    ).body;
    const listed = await api.call('GET', '/join-codes', { token });
    expect(listed.body.joinCodes).toMatchObject([{ id, module: 'shop', usesLeft: 1, createdBy: 1 }]);
    expect(JSON.stringify(listed.body)).not.toContain(code);
    expect((await api.call('GET', '/join-codes', { token: bob.token })).body.joinCodes).toEqual([]);
    expect((await api.call('DELETE', `/join-codes/${id}`, { token: bob.token })).status).toBe(404);
    expect((await api.call('DELETE', `/join-codes/${id}`, { token })).status).toBe(204);
    const key = await newKey();
    const body = { joinCode: code, publicKey: key.publicKey, ...(await api.prove(key, code)) };
    expect((await api.call('POST', '/auth/enrol', { body })).body.kind).toBe('invalid-credentials');
  });
});

describe('a runtime', () => {
  test('gets a token for the proof of the key that it enrolled, and for no other', async () => {
    const api = await startTestApi();
    const { resourceGuid, key } = await api.enrol({ labels: { floor: '2' } });
    const ask = async (proof: { nonce: string; proof: string }) =>
      api.call('POST', '/auth/runtime-token', { body: { resourceGuid, ...proof } });
    const answer = await ask(await api.prove(key, resourceGuid));
    expect(answer).toMatchObject({
      status: 200,
      body: { resourceGuid, module: 'shop', labels: { floor: '2' } },
    });
    expect((await api.introspect(answer.body.token)).body).toMatchObject({ active: true, sub: resourceGuid });
    const refusal = { status: 403, body: { kind: 'bad-signature' } };
    expect(await ask(await api.prove(await newKey(), resourceGuid))).toMatchObject(refusal);
    expect(await ask(await api.prove(key, 'another'))).toMatchObject(refusal);
  });

  test('cannot take the place of another one', async () => {
    const api = await startTestApi();
    const [one, other] = [await api.enrol(), await api.enrol()];
    const proof = await api.prove(one.key, other.resourceGuid);
    const answer = await api.call('POST', '/auth/runtime-token', {
      body: { resourceGuid: other.resourceGuid, ...proof },
    });
    expect(answer.body.kind).toBe('bad-signature');
  });

  test('is no user', async () => {
    const api = await startTestApi();
    const { token } = await api.enrol();
    for (const path of ['/auth/session', '/users', '/runtimes', '/join-codes']) {
      expect((await api.call('GET', path, { token })).body.kind).toBe('forbidden');
    }
  });

  test('that was removed has no token that is good, and gets none', async () => {
    const api = await startTestApi();
    const { token: adminToken } = await api.login();
    const { resourceGuid, key, token } = await api.enrol();
    expect((await api.call('DELETE', `/runtimes/${resourceGuid}`, { token: adminToken })).status).toBe(204);
    expect((await api.introspect(token)).body).toEqual({ active: false });
    const proof = await api.prove(key, resourceGuid);
    const answer = await api.call('POST', '/auth/runtime-token', { body: { resourceGuid, ...proof } });
    expect(answer.body.kind).toBe('session-revoked');
    const asked = { service: true, body: { guids: [resourceGuid] } };
    expect((await api.call('POST', '/relay/runtimes/lookup', asked)).body).toEqual({ runtimes: [] });
  });

  test('has a name that cannot drive a terminal', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const made = await api.call('POST', '/join-codes', {
      token,
      body: { module: 'shop', environment: 'test' },
    });
    const key = await newKey();
    const proof = await api.prove(key, made.body.code);
    for (const name of ['\u001b[2J', 'a\nb', '\u202egnp', '']) {
      const body = { joinCode: made.body.code, publicKey: key.publicKey, name, ...proof };
      expect(await api.call('POST', '/auth/enrol', { body })).toMatchObject({
        status: 400,
        body: { path: '/name' },
      });
    }
  });
});

describe('a relay', () => {
  test('is told which runtimes ever connected: those that a relay asked about', async () => {
    const api = await startTestApi();
    const { token, resourceGuid } = await api.enrol();
    const feed = await follow(api.url);
    await feed.next();
    const told = async () => (await api.call('GET', '/relay/runtimes', { service: true })).body.runtimes;
    expect(await told()).toMatchObject([{ guid: resourceGuid, hasConnected: false }]);
    await api.introspect(token);
    expect(await feed.next()).toMatchObject({ event: 'runtimes-changed', data: { guid: resourceGuid } });
    expect(await told()).toMatchObject([{ guid: resourceGuid, hasConnected: true }]);
    // Only the first time is news.
    await api.introspect(token);
    await api.call('DELETE', `/runtimes/${resourceGuid}`, { token: (await api.login()).token });
    expect((await feed.next()).event).toBe('runtime-removed');
  });

  test('is told what has become of some runtimes: of those that there are, the same as in the list of all', async () => {
    const api = await startTestApi();
    const guids = [
      (await api.enrol({ groups: ['tills'] })).resourceGuid,
      (await api.enrol({ labels: { floor: '2' } })).resourceGuid,
    ];
    await api.enrol();
    const lookup = (body: unknown) => api.call('POST', '/relay/runtimes/lookup', { service: true, body });
    const { runtimes: all } = (await api.call('GET', '/relay/runtimes', { service: true })).body;
    expect((await lookup({ guids: [...guids, 'nobody', guids[0]] })).body).toEqual({
      runtimes: all.slice(0, 2),
    });
    const many = Array.from({ length: 256 }, (_, index) => `${index}`.padStart(128, 'x'));
    expect(await lookup({ guids: many })).toMatchObject({ status: 200, body: { runtimes: [] } });
  });

  test.each([
    ['nothing', {}, '/guids'],
    ['no list', { guids: 'a' }, '/guids'],
    ['an empty list', { guids: [] }, '/guids'],
    ['more than are taken at a time', { guids: Array.from({ length: 257 }, () => 'a') }, '/guids'],
    ['a number', { guids: ['a', 7] }, '/guids/1'],
    ['an empty guid', { guids: [''] }, '/guids/0'],
    ['a guid too long', { guids: ['a'.repeat(129)] }, '/guids/0'],
    ['a guid that no database takes', { guids: ['a\u0000'] }, '/guids/0'],
    ['an unknown member', { guids: ['a'], all: true }, '/all'],
  ])('that asks for %s of runtimes is told what does not fit', async (_what, body, path) => {
    const api = await startTestApi();
    expect(await api.call('POST', '/relay/runtimes/lookup', { service: true, body })).toMatchObject({
      status: 400,
      body: { kind: 'invalid-request', path },
    });
  });

  test('is told whose accounts there are', async () => {
    const api = await startTestApi();
    const { token } = await api.join('bob', ['observer']);
    const { user } = (await api.introspect(token)).body;
    const { body } = await api.call('GET', '/relay/accounts', { service: true });
    expect(body.guids).toHaveLength(2);
    expect(body.guids).toContain(user.guid);
  });

  test('[APPROVE-8] is told what a user may do now, whoever is connected', async () => {
    const api = await startTestApi();
    const grants = [{ prefix: '/shop', environments: ['development'] }];
    const bob = await api.join('bob', ['developer'], grants);
    const { id } = (await api.introspect(bob.token)).body.user;
    const ask = async (user: number) =>
      (await api.call('GET', `/relay/users/${user}`, { service: true })).body;
    expect(await ask(id)).toEqual({ user: { roles: ['developer'], grants } });
    const { token } = await api.login();
    await api.call('PUT', `/users/${id}/grants`, { token, body: { grants: [] } });
    expect(await ask(id)).toEqual({ user: { roles: ['developer'], grants: [] } });
    await api.call('DELETE', `/users/${id}`, { token });
    expect(await ask(id)).toEqual({ user: null });
  });

  test('is certified by the issuer for its tenant', async () => {
    const api = await startTestApi({ tenant: 'acme' });
    const { publicKey } = await newKey();
    const { body, status } = await api.call('POST', '/relay/certificate', {
      service: true,
      body: { publicKey },
    });
    expect(status).toBe(200);
    const opened = await openRelayCertificate(body.certificate, { issuer, tenant: 'acme', keys: body.keys });
    expect(opened).toMatchObject({
      ok: true,
      value: { sub: 'relay', cnf: { jwk: publicKey }, tenant: 'acme' },
    });
  });

  test.each([
    ['nothing', {}],
    ['another secret', { authorization: `Basic ${btoa(`${service.id}:wrong`)}` }],
    ['another name', { authorization: `Basic ${btoa(`other:${service.secret}`)}` }],
    ['half of it', { authorization: `Basic ${btoa(service.id)}` }],
    ['no base64', { authorization: 'Basic %%%' }],
  ])('that shows %s is refused everywhere', async (_what, headers) => {
    const api = await startTestApi();
    const { publicKey } = await newKey();
    const body = { publicKey };
    const answers = [
      await api.call('POST', '/relay/certificate', { body, headers }),
      await api.call('GET', '/relay/runtimes', { headers }),
      await api.call('POST', '/relay/runtimes/lookup', { body: { guids: ['a'] }, headers }),
      await api.call('GET', '/relay/accounts', { headers }),
      await api.call('GET', '/relay/users/1', { headers }),
      await api.call('GET', '/relay/revocations', { headers }),
      await api.call('GET', '/changes', { headers }),
      await api.call('POST', '/auth/introspect', { headers, body: 'token=x' }),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 401, body: { kind: 'invalid-credentials' } });
    expect(answers[0]?.headers.get('www-authenticate')).toMatch(/^Basic/);
  });

  test('without a configured credential there are no services', async () => {
    const api = await startTestApi({ serviceCredential: undefined } as object);
    for (const shown of ['', ':', 'undefined:undefined', `${service.id}:${service.secret}`]) {
      const headers = { authorization: `Basic ${btoa(shown)}` };
      expect((await api.call('GET', '/relay/runtimes', { headers })).status).toBe(401);
    }
  });
});
