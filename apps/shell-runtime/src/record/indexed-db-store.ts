import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

import { merged } from './merged.ts';
import type { DoneRecord, RecordSnapshot, RecordStore, ResourceRecord } from './record-store.ts';

interface Schema extends DBSchema {
  resources: { key: string; value: ResourceRecord };
  done: { key: [string, string]; value: DoneRecord & { readonly instance: string } };
  meta: { key: 'base' | 'revoked'; value: { readonly base: string | null } | readonly string[] };
}

/**
 * The record in IndexedDB, one database for each served module and environment. Durability is relaxed: what a power cut
 * loses, the relay sends again.
 */
export const indexedDbStore = (scope: string, instance: string): RecordStore => {
  let opened: Promise<IDBPDatabase<Schema>> | undefined;
  let ownBase: string | null = null;
  const database = (): Promise<IDBPDatabase<Schema>> =>
    (opened ??= openDB<Schema>(`cd-push:${scope}`, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('resources', { keyPath: 'resource' });
        fresh.createObjectStore('done', { keyPath: ['instance', 'pushGuid'] });
        fresh.createObjectStore('meta');
      },
      // A page of a newer runtime waits for this connection to go.
      blocking: (_current, _blocked, event) => {
        if (event.target instanceof IDBDatabase) event.target.close();
        opened = undefined;
      },
    }));

  return {
    async load(base, at): Promise<RecordSnapshot> {
      const transaction = (await database()).transaction(['resources', 'done', 'meta'], 'readwrite');
      const resources = transaction.objectStore('resources');
      const done = transaction.objectStore('done');
      const meta = transaction.objectStore('meta');
      const [stored, revoked] = await Promise.all([meta.get('base'), meta.get('revoked')]);
      ownBase = base;
      if (!isBase(stored) || stored.base !== base) {
        await Promise.all([resources.clear(), meta.put({ base }, 'base')]);
      }
      const [kept, outcomes] = await Promise.all([resources.getAll(), done.getAll()]);
      await Promise.all(
        outcomes
          .filter(({ keepUntil }) => keepUntil < at)
          .map((old) => done.delete([old.instance, old.pushGuid])),
      );
      await transaction.done;
      return {
        resources: kept,
        done: outcomes.filter((outcome) => outcome.instance === instance && outcome.keepUntil >= at),
        revokedSessions: isNames(revoked) ? revoked : [],
      };
    },

    async write({ resources = [], done = [], revokedSessions = [] }) {
      const transaction = (await database()).transaction(['resources', 'done', 'meta'], 'readwrite', {
        durability: 'relaxed',
      });
      const meta = transaction.objectStore('meta');
      const [stored, revoked] = await Promise.all([
        meta.get('base'),
        revokedSessions.length > 0 ? meta.get('revoked') : undefined,
      ]);
      const writes: Promise<unknown>[] = [];
      if (isBase(stored) && stored.base === ownBase) {
        const store = transaction.objectStore('resources');
        writes.push(
          ...resources.map(async (record) => {
            const known = await store.get(record.resource);
            await store.put(merged(known, record));
          }),
        );
      }
      for (const outcome of done) writes.push(transaction.objectStore('done').put({ ...outcome, instance }));
      if (revokedSessions.length > 0) {
        writes.push(
          meta.put([...new Set([...(isNames(revoked) ? revoked : []), ...revokedSessions])], 'revoked'),
        );
      }
      await Promise.all([...writes, transaction.done]);
    },
  };
};

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');
const isBase = (value: unknown): value is { readonly base: string | null } =>
  typeof value === 'object' && value !== null && 'base' in value;
