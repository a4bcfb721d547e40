import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Store } from '../../src/index.ts';
import {
  at,
  changesAfter,
  later,
  makeRuntime,
  makeUser,
  newJoinCode,
  newSession,
  newUser,
  type OpenStore,
} from './samples.ts';

/** What every adapter of {@link UserStore} holds to. */
export const usersContract = (open: OpenStore): void => {
  describe('users', () => {
    let store: Store;
    beforeEach(async () => (store = await open()));
    afterEach(() => store.close());

    test('a user comes back as it was made', async () => {
      const made = await store.users.create(newUser('Ada', { roles: ['developer', 'admin'] }));
      expect(made).toMatchObject({
        name: 'Ada',
        roles: ['developer', 'admin'],
        grants: [{ prefix: '/shop', environments: ['development'] }],
        createdAt: at,
      });
      expect(await store.users.get(made!.id)).toEqual(made);
      expect(await store.users.list()).toEqual([made]);
    });

    test.each(['ada', 'ADA', 'Ａda'])('a name is taken in any case and Unicode form: %s', async (name) => {
      await makeUser(store, 'Ada');
      expect(await store.users.create(newUser(name))).toBeUndefined();
      expect((await store.users.findForLogin(name))?.user.name).toBe('Ada');
    });

    test('a name that is taken writes no change', async () => {
      await makeUser(store, 'Ada');
      const head = await store.changes.head();
      await store.users.create(newUser('Ada'));
      expect(await store.changes.head()).toBe(head);
    });

    test('sign-in finds the hash, and the new one after it was replaced', async () => {
      const id = await makeUser(store, 'Ada');
      expect((await store.users.findForLogin('Ada'))?.passwordHash).toBe('hash of Ada');
      expect(await store.users.setPasswordHash(id, 'another')).toBe(true);
      expect((await store.users.findForLogin('Ada'))?.passwordHash).toBe('another');
      expect(await store.users.findForLogin('Bob')).toBeUndefined();
    });

    test('new grants replace the old ones and are told in full', async () => {
      const id = await makeUser(store, 'Ada');
      const head = await store.changes.head();
      const grants = [{ prefix: '/', environments: ['*'] }];
      expect(await store.users.setGrants(id, grants, later(1))).toBe(true);
      expect((await store.users.get(id))?.grants).toEqual(grants);
      expect(await changesAfter(store, head)).toEqual([{ kind: 'grants-changed', userId: id, grants }]);
    });

    test('two grants of one prefix become one with the environments of both', async () => {
      const id = await makeUser(store, 'Ada');
      await store.users.setGrants(
        id,
        [
          { prefix: '/shop', environments: ['development', 'test'] },
          { prefix: '/shop', environments: ['test', 'production'] },
        ],
        at,
      );
      expect((await store.users.get(id))?.grants).toEqual([
        { prefix: '/shop', environments: ['development', 'test', 'production'] },
      ]);
    });

    test('new roles are told', async () => {
      const id = await makeUser(store, 'Ada');
      const head = await store.changes.head();
      expect(await store.users.setRoles(id, ['observer'], later(1))).toBe(true);
      expect((await store.users.get(id))?.roles).toEqual(['observer']);
      expect(await changesAfter(store, head)).toEqual([
        { kind: 'user-changed', userId: id, roles: ['observer'], removed: false },
      ]);
    });

    test('an unknown user is changed by nothing, and nothing is told', async () => {
      expect(await store.users.setGrants(7, [], at)).toBe(false);
      expect(await store.users.setRoles(7, [], at)).toBe(false);
      expect(await store.users.setPasswordHash(7, 'x')).toBe(false);
      expect(await store.users.remove(7, at)).toBe(false);
      expect(await store.changes.head()).toBe(0);
    });

    test('removal ends the sessions, takes grants, groups and join codes along, and leaves runtimes without a user', async () => {
      const id = await makeUser(store, 'Ada');
      const session = await store.sessions.create(newSession(id));
      const guid = await makeRuntime(store, id);
      await store.joinCodes.create(newJoinCode(id));
      await store.subscriptions.add('floor', { kind: 'user', userId: id }, at);
      const head = await store.changes.head();

      expect(await store.users.remove(id, later(1))).toBe(true);

      expect(await store.users.get(id)).toBeUndefined();
      expect((await store.sessions.get(session.id))?.revoked).toEqual({
        at: later(1),
        reason: 'user-removed',
      });
      expect(await store.joinCodes.list(at)).toEqual([]);
      expect(await store.subscriptions.list()).toEqual([]);
      expect(await store.runtimes.get(guid)).toMatchObject({ user: null, groups: [] });
      expect(await changesAfter(store, head)).toEqual([
        { kind: 'session-revoked', sid: session.id, reason: 'user-removed' },
        { kind: 'user-changed', userId: id, roles: [], removed: true },
        { kind: 'runtimes-changed', guid },
      ]);
    });

    test('an id is never given again', async () => {
      const first = await makeUser(store, 'Ada');
      await store.users.remove(first, at);
      expect(await makeUser(store, 'Bob')).toBeGreaterThan(first);
    });
  });
};
