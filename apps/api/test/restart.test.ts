import { join } from 'node:path';

import { openSqliteStore } from '@cd-push/store';
import { expect, test } from 'vitest';

import { startApi } from '../src/index.ts';
import { follow } from './support/event-stream.ts';
import { admin, issuer, newFolder, startTestApi } from './support/test-api.ts';

test('sessions, runtimes, registries, keys and the feed outlive a restart', async () => {
  const dataFile = join(newFolder(), 'api.db');
  const before = await startTestApi({ dataFile });
  const login = await before.login();
  const { token } = login;
  const runtime = await before.enrol();
  await before.call('PUT', '/interact/triggers/release', {
    token,
    body: { emits: 'announce', carries: 'notice' },
  });
  await before.call('POST', '/interact/subscriptions', { token, body: { group: 'floor', userId: 1 } });
  const feed = await follow(before.url);
  const { id } = await feed.next();
  await before.close();

  const after = await startTestApi({ dataFile });
  expect((await after.introspect(token)).body).toMatchObject({ active: true, subscriptions: ['floor'] });
  expect((await after.introspect(runtime.token)).body).toMatchObject({ active: true, client: 'runtime' });
  expect(await after.renew(login)).toMatchObject({ sid: login.sid, keys: login.keys });
  // The identity goes on where it was.
  expect((await after.open(login.kept)).answer.status).toBe(200);
  const { body } = await after.call('GET', '/interact/triggers', { token });
  expect(body.triggers).toContainEqual({
    trigger: 'release',
    emits: 'announce',
    carries: 'notice',
    builtIn: false,
  });
  const resumed = await follow(after.url, '/changes', { 'last-event-id': id });
  expect(await resumed.next()).toMatchObject({ event: 'ready', id });
});

test('an ended session stays ended over a restart', async () => {
  const dataFile = join(newFolder(), 'api.db');
  const before = await startTestApi({ dataFile });
  const login = await before.login();
  const { token } = login;
  await before.call('POST', '/auth/logout', { token });
  await before.close();
  const after = await startTestApi({ dataFile });
  expect((await after.introspect(token)).body).toEqual({ active: false });
  expect((await after.renew(login)).answer.body.kind).toBe('session-revoked');
});

test('a second api on the same file is refused with a reason', async () => {
  const api = await startTestApi();
  await expect(startApi({ dataFile: api.dataFile, issuer })).rejects.toMatchObject({
    name: 'StoreError',
    kind: 'in-use',
  });
  expect((await api.login()).answer.status).toBe(200);
});

test('another issuer on the same data is refused with what to do, and the same one is not', async () => {
  const api = await startTestApi();
  const { dataFile } = api;
  await api.close();
  await expect(startApi({ dataFile, issuer: 'http://other.test', logLevel: 'silent' })).rejects.toThrow(
    `Set CD_PUSH_ISSUER to ${issuer}`,
  );
  expect((await (await startTestApi({ dataFile })).login()).answer.status).toBe(200);
});

test('a store that was handed in stays open after the api', async () => {
  const store = await openSqliteStore(join(newFolder(), 'api.db'));
  const api = await startApi({ store, logLevel: 'silent' });
  expect(api.issuer).toBe(api.url);
  await api.close();
  expect(await store.users.list()).toEqual([]);
  await store.close();
});

test('a seeded user is brought up to date at every start', async () => {
  const dataFile = join(newFolder(), 'api.db');
  const before = await startTestApi({ dataFile });
  await before.close();
  const seed = { ...admin, password: 'another password', roles: ['developer' as const], grants: [] };
  const after = await startTestApi({ dataFile, seed });
  expect((await after.login()).answer.status).toBe(401);
  expect((await after.login(seed)).answer.body.data).toMatchObject({
    grants: [],
    user: { id: 1, roles: ['developer'] },
  });
  expect(after.lines.join('')).toContain('a seeded user can sign in');
});
