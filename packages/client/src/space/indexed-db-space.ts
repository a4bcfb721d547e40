import type { Address, Space, SpaceChange, SpaceCommit, Tip } from '@cd-push/timeline';
import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from 'idb';

interface Schema extends DBSchema {
  objects: { key: Address; value: Uint8Array<ArrayBuffer> };
  tips: { key: Address; value: Tip };
}
type Tables = IDBPDatabase<Schema>;

/** A space that holds a database open. */
export interface OpenSpace extends Space {
  /** Ends it: what is asked afterwards rejects. */
  close(): Promise<void>;
}

/**
 * Keeps timelines in IndexedDB, written through to the disk where the browser can. Tabs of one origin share the database of a
 * name: a transaction that writes has both tables to itself, so that of two tabs that move one tip one does.
 *
 * @param name of the database: one for each tenant.
 */
export const indexedDbSpace = (name = 'cd-push-timelines'): OpenSpace => {
  let isClosed = false;
  let opened: Promise<Tables> | undefined;

  const open = async (): Promise<Tables> => {
    if (isClosed) throw new Error('The space was closed.');
    return (opened ??= openTables(name, () => {
      opened = undefined;
    }));
  };

  return {
    async get(address) {
      return (await open()).get('objects', address);
    },

    async has(addresses) {
      const { store, done } = (await open()).transaction('objects');
      const [found] = await Promise.all([keysIn(store, addresses), done]);
      return found;
    },

    async tip(timeline) {
      return (await (await open()).get('tips', timeline))?.tip;
    },

    async tips(after, limit) {
      const later = after === undefined ? null : IDBKeyRange.lowerBound(after, true);
      return limit === 0 ? [] : (await open()).getAll('tips', later, limit);
    },

    async commit(change) {
      const transaction = (await open()).transaction(['objects', 'tips'], 'readwrite', {
        durability: 'strict',
      });
      const [outcome] = await Promise.all([write(transaction, change), transaction.done]);
      return outcome;
    },

    async close() {
      if (isClosed) return;
      isClosed = true;
      (await opened)?.close();
    },
  };
};

type Writing = IDBPTransaction<Schema, ['objects', 'tips'], 'readwrite'>;

const write = async (transaction: Writing, change: SpaceChange): Promise<SpaceCommit> => {
  try {
    return await writeAll(transaction, change);
  } catch (error) {
    abort(transaction);
    throw error;
  }
};

/** Takes back what was put already, which would be committed by itself. */
const abort = (transaction: Writing): void => {
  try {
    transaction.abort();
  } catch {
    // The database has ended it by itself.
  }
};

/** Waits for nothing but the database, which commits when nobody asks it for anything more. */
const writeAll = async (transaction: Writing, { objects, swaps }: SpaceChange): Promise<SpaceCommit> => {
  const tips = transaction.objectStore('tips');
  const standing = await Promise.all(swaps.map(({ timeline }) => tips.get(timeline)));
  const moved = swaps
    .map(({ timeline, from }, index) => ({ timeline, from, tip: standing[index]?.tip }))
    .filter(({ from, tip }) => from !== tip);
  if (moved.length > 0) {
    return { outcome: 'moved', tips: moved.map(({ timeline, tip }) => ({ timeline, tip })) };
  }
  const store = transaction.objectStore('objects');
  const known = await keysIn(
    store,
    objects.map(({ address }) => address),
  );
  const fresh = objects.filter(({ address }) => !known.has(address));
  await Promise.all([
    // A copy, because what is kept of a view is the whole buffer behind it.
    ...fresh.map(({ address, bytes }) => store.put(new Uint8Array(bytes), address)),
    ...swaps.map(({ timeline, to }) => tips.put({ timeline, tip: to })),
  ]);
  return { outcome: 'committed' };
};

const keysIn = async (
  store: { getKey(address: Address): Promise<Address | undefined> },
  addresses: readonly Address[],
): Promise<ReadonlySet<Address>> => {
  const keys = await Promise.all([...new Set(addresses)].map((address) => store.getKey(address)));
  return new Set(keys.filter((key) => key !== undefined));
};

const openTables = (name: string, forget: () => void): Promise<Tables> =>
  openDB<Schema>(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('objects');
      fresh.createObjectStore('tips', { keyPath: 'timeline' });
    },
    // A page of a newer version waits for this connection to go.
    blocking: (_current, _blocked, event) => {
      if (event.target instanceof IDBDatabase) event.target.close();
      forget();
    },
    terminated: forget,
  });
