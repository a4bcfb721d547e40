import { join } from 'node:path';

import { openSqliteStore, type Store } from '@cd-push/store';
import { describe, expect, onTestFinished, test } from 'vitest';

import { get, rawRequest } from './support/raw-request.ts';
import { newFolder, startTestApi } from './support/test-api.ts';

const openStore = async (): Promise<Store> => {
  const store = await openSqliteStore(join(newFolder(), 'api.db'));
  onTestFinished(() => store.close());
  return store;
};

describe('health', () => {
  test('is told under any name, to whoever looks after the process', async () => {
    const api = await startTestApi();
    for (const path of ['/livez', '/readyz']) {
      const { status, text } = await rawRequest(api.url, get('10.1.2.3:8080', path));
      expect(status).toBe(200);
      expect(text).toContain('{"status":"ok"}');
    }
    expect((await rawRequest(api.url, get('10.1.2.3:8080', '/openapi.json'))).status).toBe(403);
  });

  test('a process whose store fails lives, but is not ready', async () => {
    const store = await openStore();
    let isFailing = false;
    const head = async (): Promise<number> => {
      if (isFailing) throw new Error('the database is away');
      return store.changes.head();
    };
    const api = await startTestApi({ store: { ...store, changes: { ...store.changes, head } } });
    isFailing = true;
    expect((await api.call('GET', '/livez')).status).toBe(200);
    expect(await api.call('GET', '/readyz')).toMatchObject({ status: 503, body: { kind: 'unavailable' } });
    isFailing = false;
    expect((await api.call('GET', '/readyz')).status).toBe(200);
  });
});

test('what is under way when the api is told to end is answered', async () => {
  const store = await openStore();
  const entered = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let isHolding = false;
  const findForLogin: Store['users']['findForLogin'] = async (name) => {
    if (isHolding) {
      entered.resolve();
      await held.promise;
    }
    return store.users.findForLogin(name);
  };
  const api = await startTestApi({ store: { ...store, users: { ...store.users, findForLogin } } });
  isHolding = true;
  const answer = api.bind();
  await entered.promise;
  const closed = api.close();
  held.resolve();
  expect((await answer).answer.status).toBe(200);
  await closed;
  await expect(api.call('GET', '/livez')).rejects.toThrow();
});
