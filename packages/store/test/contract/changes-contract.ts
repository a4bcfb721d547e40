import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Store } from '../../src/index.ts';
import { at, later, makeUser, newUser, type OpenStore } from './samples.ts';

/** What every adapter of {@link ChangeFeed} holds to. */
export const changesContract = (open: OpenStore): void => {
  describe('the change feed', () => {
    let store: Store;
    beforeEach(async () => (store = await open()));
    afterEach(() => store.close());

    test('an empty feed stands at 0', async () => {
      expect(await store.changes.head()).toBe(0);
      expect(await store.changes.after(0, 10)).toEqual([]);
    });

    test('rows are numbered without gaps and read on from any of them, as many as are asked for', async () => {
      const id = await makeUser(store, 'Ada');
      for (let index = 0; index < 4; index++) await store.users.setRoles(id, ['admin'], later(index));
      const rows = await store.changes.after(0, 1000);
      expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
      expect(rows.at(-1)?.at).toBe(later(3));
      expect(await store.changes.head()).toBe(5);
      expect(await store.changes.after(2, 2)).toEqual(rows.slice(2, 4));
      expect(await store.changes.after(5, 10)).toEqual([]);
    });

    test('rows from before a time are let go of, but the latest says where the feed stands', async () => {
      const id = await makeUser(store, 'Ada');
      for (let index = 1; index <= 4; index++) await store.users.setRoles(id, ['admin'], later(index));
      expect(await store.changes.tail()).toBe(1);
      await store.changes.prune(later(3));
      expect(await store.changes.tail()).toBe(4);
      expect((await store.changes.after(0, 10)).map(({ sequence }) => sequence)).toEqual([4, 5]);
      await store.changes.prune(later(1_000));
      expect([await store.changes.tail(), await store.changes.head()]).toEqual([5, 5]);
      await store.users.setRoles(id, [], later(1_001));
      expect(await store.changes.head()).toBe(6);
    });

    test('a listener hears of a row when it can be read', async () => {
      const heard: number[] = [];
      const reads: Promise<unknown>[] = [];
      store.changes.onAppended(() => reads.push(store.changes.head().then((head) => heard.push(head))));
      await makeUser(store, 'Ada');
      await Promise.all(reads);
      expect(heard).toEqual([1]);
    });

    test('a listener hears nothing of what changed nothing, nor after it stopped', async () => {
      let calls = 0;
      const stop = store.changes.onAppended(() => calls++);
      const id = await makeUser(store, 'Ada');
      expect(calls).toBe(1);
      await store.users.create(newUser('Ada'));
      await store.users.setRoles(id + 1, [], at);
      expect(calls).toBe(1);
      stop();
      await store.users.setRoles(id, [], at);
      expect(calls).toBe(1);
    });
  });
};
