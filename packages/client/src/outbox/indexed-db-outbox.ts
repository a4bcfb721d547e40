import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

import { inOrder, isOutboxEntry, type Outbox, type OutboxEntry } from './outbox.ts';

interface Schema extends DBSchema {
  entries: {
    key: [owner: string, pushGuid: string];
    value: { readonly owner: string; readonly pushGuid: string; readonly entry: OutboxEntry };
  };
}
type Entries = IDBPDatabase<Schema>;

/**
 * Keeps pushes in IndexedDB, written through to the disk where the browser can. Tabs of one origin share the database of
 * a name; each holds a lock of its own for as long as it lives, which the browser lets go of when the tab ends, however
 * it ends. Needs a secure context.
 *
 * @param name of the database: one for each relay and person that pushes.
 */
export const indexedDbOutbox = (name = 'cd-push-outbox'): Outbox => {
  const owner = crypto.randomUUID();
  const lockOf = (holder: string): string => `${name}:${holder}`;
  const closed = Promise.withResolvers<void>();
  let isClosed = false;
  let held: Promise<void> | undefined;
  let opened: Promise<Entries> | undefined;

  const open = async (): Promise<Entries> => {
    if (isClosed) throw new Error('The outbox was closed.');
    await (held ??= holdLock(lockOf(owner), closed.promise));
    return (opened ??= openEntries(name, () => {
      opened = undefined;
    }));
  };

  /** What an owner left is this one's from now on, unless that owner lives. */
  const takeOver = async (entries: Entries, other: string): Promise<void> => {
    await navigator.locks.request(lockOf(other), { ifAvailable: true }, async (lock) => {
      if (lock === null) return;
      const { store, done } = entries.transaction('entries', 'readwrite', { durability: 'strict' });
      const left = await store.getAll(keysOf(other));
      const moved = left.flatMap((kept) => [
        store.put({ ...kept, owner }),
        store.delete([other, kept.pushGuid]),
      ]);
      await Promise.all([...moved, done]);
    });
  };

  return {
    async put(entry) {
      const entries = await open();
      const { store, done } = entries.transaction('entries', 'readwrite', { durability: 'strict' });
      await Promise.all([store.put({ owner, pushGuid: entry.pushGuid, entry }), done]);
    },

    async remove(pushGuid) {
      const entries = await open();
      // One that comes back after a power cut is sent once more, and the relay recognises it.
      const { store, done } = entries.transaction('entries', 'readwrite', { durability: 'relaxed' });
      await Promise.all([store.delete([owner, pushGuid]), done]);
    },

    async claim() {
      const entries = await open();
      const owners = new Set((await entries.getAllKeys('entries')).map(([other]) => other));
      owners.delete(owner);
      for (const other of owners) await takeOver(entries, other);
      const own = await entries.getAll('entries', keysOf(owner));
      // What another version of the program wrote stays for that one.
      return inOrder(own.map(({ entry }) => entry).filter(isOutboxEntry));
    },

    async close() {
      if (isClosed) return;
      isClosed = true;
      (await opened)?.close();
      closed.resolve();
    },
  };
};

/** All keys of an owner: an array sorts behind every text. */
const keysOf = (owner: string): IDBKeyRange => IDBKeyRange.bound([owner], [owner, []]);

const openEntries = (name: string, forget: () => void): Promise<Entries> =>
  openDB<Schema>(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('entries', { keyPath: ['owner', 'pushGuid'] });
    },
    // A page of a newer version waits for this connection to go.
    blocking: (_current, _blocked, event) => {
      if (event.target instanceof IDBDatabase) event.target.close();
      forget();
    },
    terminated: forget,
  });

/** Resolves when the lock is held; it is held until `released`. */
const holdLock = async (lock: string, released: Promise<void>): Promise<void> => {
  const held = Promise.withResolvers<void>();
  navigator.locks
    .request(lock, async () => {
      held.resolve();
      await released;
    })
    .catch(held.reject);
  return held.promise;
};
