import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Store } from '../../src/index.ts';
import { at, changesAfter, later, makeRuntime, makeUser, publicKey, type OpenStore } from './samples.ts';

/** What every adapter of {@link SubscriptionStore}, {@link TriggerStore}, {@link IssuerKeyStore} and {@link NonceStore} holds to. */
export const registriesContract = (open: OpenStore): void => {
  describe('subscriptions', () => {
    let store: Store;
    let userId: number;
    beforeEach(async () => {
      store = await open();
      userId = await makeUser(store, 'Ada');
    });
    afterEach(() => store.close());

    test('a user’s membership is told with all of its groups, and for the user’s runtimes', async () => {
      const guid = await makeRuntime(store, userId);
      await store.subscriptions.add('b', { kind: 'user', userId }, at);
      const head = await store.changes.head();
      const added = await store.subscriptions.add('a', { kind: 'user', userId }, at);
      expect(added).toMatchObject({ group: 'a', member: { kind: 'user', userId }, createdAt: at });
      expect(await store.subscriptions.groupsOf({ kind: 'user', userId })).toEqual(['a', 'b']);
      expect(await changesAfter(store, head)).toEqual([
        { kind: 'subscriptions-changed', userId, groups: ['a', 'b'] },
        { kind: 'runtimes-changed', guid },
      ]);
    });

    test('a membership is added once and told once', async () => {
      const first = await store.subscriptions.add('a', { kind: 'user', userId }, at);
      const head = await store.changes.head();
      expect(await store.subscriptions.add('a', { kind: 'user', userId }, later(1))).toEqual(first);
      expect(await store.changes.head()).toBe(head);
      expect(await store.subscriptions.list()).toEqual([first]);
    });

    test('who does not exist joins nothing', async () => {
      expect(await store.subscriptions.add('a', { kind: 'user', userId: 99 }, at)).toBeUndefined();
      expect(await store.subscriptions.add('a', { kind: 'runtime', guid: 'none' }, at)).toBeUndefined();
      expect(await store.subscriptions.list()).toEqual([]);
    });

    test('a list can be of one group', async () => {
      const guid = await makeRuntime(store, userId);
      await store.subscriptions.add('a', { kind: 'user', userId }, at);
      const wanted = await store.subscriptions.add('b', { kind: 'runtime', guid }, at);
      expect(await store.subscriptions.list('b')).toEqual([wanted]);
      expect(await store.subscriptions.get(wanted!.id)).toEqual(wanted);
      expect(await store.subscriptions.groupsOf({ kind: 'runtime', guid })).toEqual(['b']);
    });

    test('leaving a group is told', async () => {
      const guid = await makeRuntime(store, userId);
      const added = await store.subscriptions.add('a', { kind: 'runtime', guid }, at);
      const head = await store.changes.head();
      expect(await store.subscriptions.remove(added!.id, later(1))).toBe(true);
      expect(await store.subscriptions.remove(added!.id, later(1))).toBe(false);
      expect(await changesAfter(store, head)).toEqual([{ kind: 'runtimes-changed', guid }]);
    });
  });

  describe('triggers', () => {
    let store: Store;
    beforeEach(async () => (store = await open()));
    afterEach(() => store.close());

    test('a trigger is registered, replaced and removed, and each is told', async () => {
      await store.triggers.put({ trigger: 'release', emits: 'apply-runtime-patch', carries: 'patch' }, at);
      await store.triggers.put({ trigger: 'release', emits: 'show-notice', carries: 'notice' }, at);
      expect(await store.triggers.list()).toEqual([
        { trigger: 'release', emits: 'show-notice', carries: 'notice' },
      ]);
      expect(await store.triggers.remove('release', at)).toBe(true);
      expect(await store.triggers.remove('release', at)).toBe(false);
      expect(await store.triggers.list()).toEqual([]);
      expect(await changesAfter(store, 0)).toEqual(
        Array.from({ length: 3 }, () => ({ kind: 'triggers-changed' })),
      );
    });
  });

  describe('issuer keys', () => {
    let store: Store;
    beforeEach(async () => (store = await open()));
    afterEach(() => store.close());

    test('the newest key comes first', async () => {
      const old = { kid: 'old', publicKey: publicKey('A'), d: 'a', createdAt: at };
      const fresh = { kid: 'fresh', publicKey: publicKey('B'), d: 'b', createdAt: later(1) };
      await store.issuerKeys.add(old);
      await store.issuerKeys.add(fresh);
      expect(await store.issuerKeys.list()).toEqual([fresh, old]);
    });

    test('of several first keys one is taken', async () => {
      const keys = ['A', 'B', 'C'].map((letter) => ({
        kid: letter,
        publicKey: publicKey(letter),
        d: letter,
        createdAt: at,
      }));
      const taken = await Promise.all(keys.map((key) => store.issuerKeys.addFirst(key)));
      expect(taken.filter(Boolean)).toHaveLength(1);
      expect(await store.issuerKeys.list()).toEqual(keys.filter((_key, index) => taken[index]));
      expect(await store.issuerKeys.addFirst({ ...keys[0]!, kid: 'D' })).toBe(false);
    });

    test('where there is a key, none becomes the first', async () => {
      const key = { kid: 'kept', publicKey: publicKey('A'), d: 'a', createdAt: at };
      await store.issuerKeys.add(key);
      expect(await store.issuerKeys.addFirst({ ...key, kid: 'late' })).toBe(false);
      expect(await store.issuerKeys.list()).toEqual([key]);
    });

    test('keep the name that was offered first, whoever offers others', async () => {
      const names = await Promise.all(
        ['https://a.test', 'https://b.test'].map((name) => store.issuerKeys.name(name)),
      );
      expect(new Set(names).size).toBe(1);
      expect(await store.issuerKeys.name('https://late.test')).toBe(names[0]);
    });
  });

  describe('nonces', () => {
    let store: Store;
    beforeEach(async () => (store = await open()));
    afterEach(() => store.close());

    test('one is spent once, whoever is quicker', async () => {
      const spent = await Promise.all([1, 2, 3].map(() => store.nonces.spend('n', later(60_000), at)));
      expect(spent.filter(Boolean)).toHaveLength(1);
      expect(await store.nonces.spend('n', later(60_000), later(59_999))).toBe(false);
      expect(await store.nonces.spend('m', later(60_000), later(1))).toBe(true);
    });

    test('what has expired is not kept', async () => {
      await store.nonces.spend('n', later(60_000), at);
      expect(await store.nonces.spend('n', later(120_000), later(60_000))).toBe(true);
    });
  });
};
