import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Store } from '../../src/index.ts';
import {
  at,
  changesAfter,
  later,
  makeRuntime,
  makeUser,
  newJoinCode,
  publicKey,
  type OpenStore,
} from './samples.ts';

/** What every adapter of {@link JoinCodeStore} and {@link RuntimeStore} holds to. */
export const runtimesContract = (open: OpenStore): void => {
  describe('join codes and runtimes', () => {
    let store: Store;
    let userId: number;
    beforeEach(async () => {
      store = await open();
      userId = await makeUser(store, 'Ada');
    });
    afterEach(() => store.close());

    const enrolment = (hash: string, guid: string) => ({
      hash,
      guid,
      name: 'till',
      publicKey: publicKey('B'),
      at: later(1),
    });

    test('a code makes a runtime of what it says', async () => {
      const code = newJoinCode(userId, { groups: ['floor', 'floor'], approvals: 2 });
      await store.joinCodes.create(code);
      const head = await store.changes.head();
      const runtime = await store.joinCodes.enrol(enrolment(code.hash, 'guid-1'));
      expect(runtime).toEqual({
        guid: 'guid-1',
        name: 'till',
        module: 'shop',
        environment: 'development',
        labels: { floor: '2' },
        publicKey: publicKey('B'),
        user: userId,
        groups: ['floor'],
        approvals: 2,
        createdAt: later(1),
        connectedAt: null,
      });
      expect(await store.runtimes.get('guid-1')).toEqual(runtime);
      expect(await store.runtimes.list()).toEqual([runtime]);
      expect(await changesAfter(store, head)).toEqual([{ kind: 'runtimes-changed', guid: 'guid-1' }]);
    });

    test('a runtime connects for the first time once', async () => {
      const guid = await makeRuntime(store, userId);
      const head = await store.changes.head();
      await store.runtimes.connected(guid, later(5));
      await store.runtimes.connected(guid, later(6));
      await store.runtimes.connected('nobody', later(7));
      expect(await store.runtimes.get(guid)).toMatchObject({ connectedAt: later(5) });
      expect(await changesAfter(store, head)).toEqual([{ kind: 'runtimes-changed', guid }]);
    });

    test('of many who enrol at once by a code for two, two get in', async () => {
      const code = newJoinCode(userId, { uses: 2 });
      await store.joinCodes.create(code);
      const tries = Array.from({ length: 6 }, (_, index) =>
        store.joinCodes.enrol(enrolment(code.hash, `guid-${index}`)),
      );
      expect((await Promise.all(tries)).filter((runtime) => runtime !== undefined)).toHaveLength(2);
      expect(await store.runtimes.list()).toHaveLength(2);
      expect(await store.joinCodes.list(later(1))).toEqual([]);
    });

    test('a use is not spent where the runtime cannot be made', async () => {
      const code = newJoinCode(userId, { uses: 2 });
      await store.joinCodes.create(code);
      await store.joinCodes.enrol(enrolment(code.hash, 'guid-1'));
      const head = await store.changes.head();
      await expect(store.joinCodes.enrol(enrolment(code.hash, 'guid-1'))).rejects.toThrow(/unique/i);
      expect((await store.joinCodes.list(later(1)))[0]?.usesLeft).toBe(1);
      expect(await store.changes.head()).toBe(head);
    });

    test('an expired, unknown or withdrawn code lets nobody in', async () => {
      const expired = newJoinCode(userId, { expiresAt: later(1) });
      const withdrawn = newJoinCode(userId);
      await store.joinCodes.create(expired);
      await store.joinCodes.create(withdrawn);
      expect(await store.joinCodes.remove(withdrawn.id, at)).toBe(true);
      expect(await store.joinCodes.remove(withdrawn.id, at)).toBe(false);
      for (const hash of [expired.hash, withdrawn.hash, 'unknown']) {
        expect(await store.joinCodes.enrol(enrolment(hash, 'guid-1'))).toBeUndefined();
      }
      expect(await store.runtimes.list()).toEqual([]);
    });

    test('codes that are spent or expired are not listed', async () => {
      const lasting = newJoinCode(userId);
      await store.joinCodes.create(newJoinCode(userId, { expiresAt: later(1) }));
      await store.joinCodes.create(lasting);
      await makeRuntime(store, userId);
      expect((await store.joinCodes.list(later(1))).map(({ id }) => id)).toEqual([lasting.id]);
    });

    test('the groups of its user count for a runtime, each once and in order', async () => {
      const guid = await makeRuntime(store, userId, ['b']);
      await store.subscriptions.add('c', { kind: 'user', userId }, at);
      await store.subscriptions.add('b', { kind: 'user', userId }, at);
      await store.subscriptions.add('a', { kind: 'runtime', guid }, at);
      expect((await store.runtimes.get(guid))?.groups).toEqual(['a', 'b', 'c']);
      expect((await store.runtimes.list())[0]?.groups).toEqual(['a', 'b', 'c']);
    });

    test('a list can be of some guids, with the groups of each; those that there are not are left out', async () => {
      const other = await makeUser(store, 'Bob');
      await store.subscriptions.add('all', { kind: 'user', userId }, at);
      const [first, second, third] = [
        await makeRuntime(store, userId, ['a']),
        await makeRuntime(store, other, ['b']),
        await makeRuntime(store, userId, ['c']),
      ];
      await store.users.remove(other, later(1));
      const all = await store.runtimes.list();
      expect(await store.runtimes.list([third, 'nobody', second, second])).toEqual(
        all.filter(({ guid }) => guid !== first),
      );
      expect((await store.runtimes.list([second, third])).map(({ groups }) => groups)).toEqual(
        expect.arrayContaining([['b'], ['all', 'c']]),
      );
      expect(await store.runtimes.list(['nobody'])).toEqual([]);
      expect(await store.runtimes.list([])).toEqual([]);
    });

    test('a removed runtime is gone with its memberships, and that is told', async () => {
      const guid = await makeRuntime(store, userId, ['floor']);
      const head = await store.changes.head();
      expect(await store.runtimes.remove(guid, later(2))).toBe(true);
      expect(await store.runtimes.remove(guid, later(2))).toBe(false);
      expect(await store.runtimes.get(guid)).toBeUndefined();
      expect(await store.subscriptions.list()).toEqual([]);
      expect(await changesAfter(store, head)).toEqual([{ kind: 'runtime-removed', guid }]);
    });
  });
};
