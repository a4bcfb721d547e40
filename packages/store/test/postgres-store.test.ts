import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { describe, expect, onTestFinished, test } from 'vitest';

import { openPostgresStore, type Store } from '../src/index.ts';
import { at, later, makeUser, newJoinCode, newSession, publicKey } from './contract/samples.ts';

const isThere = await hasPostgres();

const openTwo = async (): Promise<[Store, Store]> => {
  const schema = newSchema();
  const stores = await Promise.all([1, 2].map(() => openPostgresStore({ url: databaseUrl, schema })));
  onTestFinished(async () => {
    for (const store of stores) await store.close();
  });
  return stores as [Store, Store];
};

describe.runIf(isThere)('several processes on one store', () => {
  test('what one changes the other reads, and its feed tells of it', async () => {
    const [one, other] = await openTwo();
    const id = await makeUser(one, 'Ada');
    expect(await other.users.get(id)).toMatchObject({ name: 'Ada' });
    expect(await other.changes.after(0, 10)).toEqual(await one.changes.after(0, 10));
    expect(await other.changes.head()).toBe(1);
  });

  test('rows of the feed have no gaps and are seen in their order, whoever writes them', async () => {
    const [one, other] = await openTwo();
    const ids = [await makeUser(one, 'Ada'), await makeUser(other, 'Bob')];
    let last = await one.changes.head();
    const seen: number[] = [];
    const writes = Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? one : other).users.setRoles(ids[index % 2]!, ['admin'], later(index)),
      ),
    );
    while (seen.length < 40) {
      for (const { sequence } of await other.changes.after(last, 100)) {
        seen.push(sequence);
        last = sequence;
      }
    }
    await writes;
    expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index + 3));
  });

  test('a change that fails leaves no gap in the feed', async () => {
    const [one, other] = await openTwo();
    const id = await makeUser(one, 'Ada');
    const session = newSession(id);
    await one.sessions.create(session);
    await expect(other.sessions.create(session)).rejects.toThrow(/unique/);
    await other.users.setRoles(id, [], at);
    expect((await one.changes.after(0, 10)).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  test('of two who follow the tip of an identity at once, one does', async () => {
    const stores = await openTwo();
    const userId = await makeUser(stores[0], 'Ada');
    const made = { events: ['event 0'], tip: 'ada', n: 0, state: 's', at };
    await stores[0].identities.register({ address: 'ada', userId, ...made });
    const taken = await Promise.all(
      stores.map((store, index) =>
        store.identities.append({
          address: 'ada',
          from: 'ada',
          events: ['event 1'],
          tip: `tip ${index}`,
          n: 1,
          state: 's',
          at: later(1),
        }),
      ),
    );
    expect(taken.filter((one) => one !== undefined)).toHaveLength(1);
  });

  test('a join code for one lets one in, and a nonce is spent once', async () => {
    const stores = await openTwo();
    const code = newJoinCode(await makeUser(stores[0], 'Ada'), { uses: 1 });
    await stores[1].joinCodes.create(code);
    const enrolled = await Promise.all(
      stores.map((store, index) =>
        store.joinCodes.enrol({
          hash: code.hash,
          guid: `guid-${index}`,
          name: 'till',
          publicKey: publicKey('B'),
          at: later(1),
        }),
      ),
    );
    expect(enrolled.filter((runtime) => runtime !== undefined)).toHaveLength(1);
    const spent = await Promise.all(stores.map((store) => store.nonces.spend('n', later(60_000), at)));
    expect(spent.filter(Boolean)).toHaveLength(1);
  });

  test('of the first keys of both one is taken', async () => {
    const stores = await openTwo();
    const taken = await Promise.all(
      stores.map((store, index) =>
        store.issuerKeys.addFirst({ kid: `${index}`, publicKey: publicKey('A'), d: 'd', createdAt: at }),
      ),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await stores[0].issuerKeys.list()).toEqual(await stores[1].issuerKeys.list());
  });
});

describe.runIf(isThere)('a database that cannot be opened', () => {
  const urlWith = (change: (url: URL) => void): string => {
    const url = new URL(databaseUrl);
    change(url);
    return url.href;
  };
  test.each<[string, string, RegExp]>([
    [
      'that does not exist is said not to',
      urlWith((url) => void (url.pathname = '/cd_push_nowhere')),
      /"cd_push_nowhere" does not exist\. Make it/,
    ],
    [
      'where nothing listens is said to be refused',
      urlWith((url) => void (url.port = '1')),
      /ECONNREFUSED.*\. See that it runs/,
    ],
    [
      'for a role that it does not know is said to refuse that one',
      urlWith((url) => {
        url.username = 'cd_push_nobody';
        url.password = 'not to be said';
      }),
      /cd_push_nobody".*\. See that DATABASE_URL has the right user and password/,
    ],
  ])('%s', async (_what, url, words) => {
    const error: unknown = await openPostgresStore({ url, schema: newSchema() }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'StoreError', kind: 'unreachable' });
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).not.toContain('not to be said');
  });
});
