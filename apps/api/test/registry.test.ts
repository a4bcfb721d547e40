import { builtInTriggers, reservedEvents } from '@cd-push/protocol';
import { describe, expect, test } from 'vitest';

import { everything, startTestApi } from './support/test-api.ts';

describe('the trigger registry', () => {
  test('starts with the built-in triggers, for users and services alike', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    for (const who of [{ token }, { service: true }]) {
      const { body } = await api.call('GET', '/interact/triggers', who);
      expect(body.triggers).toEqual(builtInTriggers.map((trigger) => ({ ...trigger, builtIn: true })));
    }
    expect((await api.call('GET', '/interact/triggers')).status).toBe(401);
  });

  test('takes a trigger, replaces it and lets it go', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const put = (body: object) => api.call('PUT', '/interact/triggers/release', { token, body });
    const registered = async () =>
      (await api.call('GET', '/interact/triggers', { token })).body.triggers.filter(
        ({ builtIn }: { builtIn: boolean }) => !builtIn,
      );
    expect((await put({ emits: 'apply-runtime-patch', carries: 'patch' })).status).toBe(200);
    await put({ emits: 'announce', carries: 'notice' });
    expect(await registered()).toEqual([
      { trigger: 'release', emits: 'announce', carries: 'notice', builtIn: false },
    ]);
    expect((await api.call('DELETE', '/interact/triggers/release', { token })).status).toBe(204);
    expect((await api.call('DELETE', '/interact/triggers/release', { token })).status).toBe(404);
    expect(await registered()).toEqual([]);
  });

  test('refuses names and events that the protocol uses itself', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const own = [...reservedEvents, 'session-revoked', 'push-delivered', 'problem', 'runtime-hello'];
    for (const name of own) {
      const emits = await api.call('PUT', '/interact/triggers/release', {
        token,
        body: { emits: name, carries: 'none' },
      });
      expect([name, emits.status]).toEqual([name, name.startsWith('_') ? 400 : 403]);
      const path = `/interact/triggers/${encodeURIComponent(name)}`;
      const trigger = await api.call('PUT', path, { token, body: { emits: 'announce', carries: 'none' } });
      expect([name, trigger.status]).toEqual([name, name.startsWith('_') ? 400 : 403]);
    }
    const { body } = await api.call('GET', '/interact/triggers', { token });
    expect(body.triggers).toHaveLength(builtInTriggers.length);
  });

  test('leaves built-in triggers as they are', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const body = { emits: 'announce', carries: 'notice' };
    expect((await api.call('PUT', '/interact/triggers/file-save', { token, body })).status).toBe(403);
    expect((await api.call('DELETE', '/interact/triggers/file-save', { token })).status).toBe(403);
  });

  test('is changed by admins alone', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer'], everything);
    const body = { emits: 'announce', carries: 'notice' };
    expect((await api.call('PUT', '/interact/triggers/release', { token: bob.token, body })).status).toBe(
      403,
    );
    expect((await api.call('DELETE', '/interact/triggers/release', { token: bob.token })).status).toBe(403);
  });
});

describe('groups', () => {
  test('have users and runtimes, which introspection tells of', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const { resourceGuid, token: runtimeToken } = await api.enrol();
    const add = (body: object) => api.call('POST', '/interact/subscriptions', { token, body });
    expect((await add({ group: 'floor', userId: 1 })).body).toMatchObject({ group: 'floor', userId: 1 });
    expect((await add({ group: 'tills', guid: resourceGuid })).body).toMatchObject({ guid: resourceGuid });
    expect((await api.introspect(token)).body.subscriptions).toEqual(['floor']);
    // A runtime is also in the groups of the user who let it enrol.
    expect((await api.introspect(runtimeToken)).body.subscriptions).toEqual(['floor', 'tills']);
    const { body } = await api.call('GET', '/interact/subscriptions?group=floor', { token });
    expect(body.subscriptions).toHaveLength(1);
    const { id } = body.subscriptions[0];
    expect((await api.call('DELETE', `/interact/subscriptions/${id}`, { token })).status).toBe(204);
    expect((await api.introspect(runtimeToken)).body.subscriptions).toEqual(['tills']);
  });

  test('are seen by their members and changed by admins', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const bob = await api.join('bob', ['developer']);
    for (const body of [
      { group: 'floor', userId: bob.id },
      { group: 'floor', userId: 1 },
      { group: 'board', userId: 1 },
    ]) {
      await api.call('POST', '/interact/subscriptions', { token, body });
    }
    const seen = await api.call('GET', '/interact/subscriptions', { token: bob.token });
    expect(seen.body.subscriptions.map(({ group }: { group: string }) => group)).toEqual(['floor', 'floor']);
    const body = { group: 'board', userId: bob.id };
    expect((await api.call('POST', '/interact/subscriptions', { token: bob.token, body })).status).toBe(403);
    expect((await api.call('DELETE', '/interact/subscriptions/1', { token: bob.token })).status).toBe(403);
  });

  test.each([
    [{ group: 'floor' }],
    [{ group: 'floor', userId: 1, guid: 'x' }],
    [{ userId: 1, guid: 'x' }],
    [{ group: '../x', userId: 1 }],
  ])('refuse a membership that is not of one member in one group: %j', async (body) => {
    const api = await startTestApi();
    const { token } = await api.login();
    expect((await api.call('POST', '/interact/subscriptions', { token, body })).status).toBe(400);
  });

  test('refuse whom there is not', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const add = (body: object) => api.call('POST', '/interact/subscriptions', { token, body });
    expect(await add({ group: 'floor', userId: 99 })).toMatchObject({
      status: 404,
      body: { path: '/userId' },
    });
    expect(await add({ group: 'floor', guid: 'none' })).toMatchObject({
      status: 404,
      body: { path: '/guid' },
    });
  });
});

describe('users', () => {
  test('are made, listed and removed by admins', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const bob = await api.join('bob', ['developer'], [{ prefix: '/shop', environments: ['test'] }]);
    const { body } = await api.call('GET', '/users', { token });
    expect(body.users).toMatchObject([
      { name: 'ada', roles: ['developer', 'admin'] },
      { name: 'bob', roles: ['developer'], grants: [{ prefix: '/shop', environments: ['test'] }] },
    ]);
    expect(JSON.stringify(body)).not.toMatch(/argon|hash|password/i);
    expect((await api.call('DELETE', `/users/${bob.id}`, { token })).status).toBe(204);
    expect((await api.call('GET', '/auth/session', { token: bob.token })).body.kind).toBe('session-revoked');
    expect((await api.introspect(bob.token)).body).toEqual({ active: false });
    expect((await api.login(bob)).answer.body.kind).toBe('invalid-credentials');
  });

  test('are left alone by everyone else', async () => {
    const api = await startTestApi();
    const bob = await api.join('bob', ['developer'], everything);
    const { token } = bob;
    const attempts = [
      await api.call('GET', '/users', { token }),
      await api.call('POST', '/users', { token, body: { userName: 'eve', password: 'x'.repeat(12) } }),
      await api.call('PUT', `/users/${bob.id}/roles`, { token, body: { roles: ['admin'] } }),
      await api.call('PUT', `/users/${bob.id}/grants`, { token, body: { grants: everything } }),
      await api.call('DELETE', '/users/1', { token }),
      await api.call('DELETE', '/sessions/x', { token }),
      await api.call('GET', '/runtimes', { token }),
      await api.call('DELETE', '/runtimes/x', { token }),
    ];
    for (const answer of attempts) expect(answer).toMatchObject({ status: 403, body: { kind: 'forbidden' } });
  });

  test('lose a role with their next request, not with their next token', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const eve = await api.join('eve', ['admin']);
    expect((await api.call('GET', '/users', { token: eve.token })).status).toBe(200);
    await api.call('PUT', `/users/${eve.id}/roles`, { token, body: { roles: [] } });
    expect((await api.call('GET', '/users', { token: eve.token })).status).toBe(403);
    expect((await api.introspect(eve.token)).body).toMatchObject({
      active: true,
      roles: [],
      client: 'observer',
    });
  });

  test('cannot lock the last door behind themselves', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    expect((await api.call('DELETE', '/users/1', { token })).body.kind).toBe('conflict');
    const answer = await api.call('PUT', '/users/1/roles', { token, body: { roles: ['developer'] } });
    expect(answer.body).toMatchObject({ kind: 'conflict', path: '/roles' });
  });

  test('have names of their own', async () => {
    const api = await startTestApi();
    const { token } = await api.login();
    const body = { userName: 'Ada', password: 'x'.repeat(12) };
    expect(await api.call('POST', '/users', { token, body })).toMatchObject({
      status: 409,
      body: { kind: 'conflict', path: '/userName' },
    });
  });

  test.each(['', 'shop', '/shop/../admin', '/shop//x', '/shop/./x', '/sh\u0000op', '/shop\\x', '/%2e%2e'])(
    'get no grant of what is no canonical prefix: %j',
    async (prefix) => {
      const api = await startTestApi();
      const { token } = await api.login();
      const grants = [
        { prefix: '/shop/', environments: ['test'] },
        { prefix, environments: ['test'] },
      ];
      const answer = await api.call('PUT', '/users/1/grants', { token, body: { grants } });
      expect(answer).toMatchObject({
        status: 400,
        body: { kind: 'invalid-request', path: '/grants/1/prefix' },
      });
      expect((await api.introspect(token)).body.grants).toEqual(everything);
    },
  );
});
