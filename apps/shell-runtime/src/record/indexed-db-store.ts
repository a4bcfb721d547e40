import type { JournalOffset } from '@cd-push/protocol';
import type { FollowedIdentity } from '@cd-push/timeline';
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

import { merged } from './merged.ts';
import { mergedIdentities } from './merged-identities.ts';
import type {
  DoneRecord,
  KeptAuditHead,
  RecordSnapshot,
  RecordStore,
  ResourceRecord,
} from './record-store.ts';

interface Schema extends DBSchema {
  resources: { key: string; value: ResourceRecord };
  done: { key: [string, string]; value: DoneRecord & { readonly instance: string } };
  journal: { key: string; value: JournalOffset & { readonly instance: string; readonly at: number } };
  audit: { key: string; value: KeptAuditHead };
  meta: {
    key: 'base' | 'revoked' | 'identities';
    value: { readonly base: string | null } | readonly string[] | readonly FollowedIdentity[];
  };
}

/** A tab that was closed never comes back; what it knew of the journal is let go of after this. Milliseconds. */
const journalKeptMs = 7 * 24 * 60 * 60 * 1000;

/**
 * The record in IndexedDB, one database for each served module and environment. Durability is relaxed but for outcomes of
 * messages: what else a power cut loses, the relay sends again.
 */
export const indexedDbStore = (scope: string, instance: string): RecordStore => {
  let opened: Promise<IDBPDatabase<Schema>> | undefined;
  let ownBase: string | null = null;
  const database = (): Promise<IDBPDatabase<Schema>> =>
    (opened ??= openDB<Schema>(`cd-push:${scope}`, 2, {
      upgrade(older, from) {
        if (from < 1) {
          older.createObjectStore('resources', { keyPath: 'resource' });
          older.createObjectStore('done', { keyPath: ['instance', 'pushGuid'] });
          older.createObjectStore('meta');
        }
        older.createObjectStore('journal', { keyPath: 'instance' });
        older.createObjectStore('audit', { keyPath: 'node' });
      },
      // A page of a newer runtime waits for this connection to go.
      blocking: (_current, _blocked, event) => {
        if (event.target instanceof IDBDatabase) event.target.close();
        opened = undefined;
      },
    }));
  const standsOn = (stored: unknown): boolean => isBase(stored) && stored.base === ownBase;
  const place = (journal: JournalOffset) => ({ ...journal, instance, at: Date.now() });

  return {
    async load(base, at): Promise<RecordSnapshot> {
      const transaction = (await database()).transaction(
        ['resources', 'done', 'journal', 'audit', 'meta'],
        'readwrite',
      );
      const resources = transaction.objectStore('resources');
      const done = transaction.objectStore('done');
      const journal = transaction.objectStore('journal');
      const meta = transaction.objectStore('meta');
      const [stored, revoked, identities] = await Promise.all([
        meta.get('base'),
        meta.get('revoked'),
        meta.get('identities'),
      ]);
      ownBase = base;
      if (!standsOn(stored))
        await Promise.all([resources.clear(), journal.clear(), meta.put({ base }, 'base')]);
      const [kept, outcomes, places, auditHeads] = await Promise.all([
        resources.getAll(),
        done.getAll(),
        journal.getAll(),
        transaction.objectStore('audit').getAll(),
      ]);
      await Promise.all([
        ...outcomes
          .filter(({ keepUntil }) => keepUntil < at)
          .map((old) => done.delete([old.instance, old.pushGuid])),
        ...places.filter((one) => one.at < at - journalKeptMs).map((old) => journal.delete(old.instance)),
        transaction.done,
      ]);
      const own = places.find((one) => one.instance === instance);
      return {
        resources: kept,
        done: outcomes.filter((outcome) => outcome.instance === instance && outcome.keepUntil >= at),
        revokedSessions: isNames(revoked) ? revoked : [],
        identities: areIdentities(identities) ? identities : [],
        journal: own === undefined ? null : { epoch: own.epoch, offset: own.offset },
        auditHeads,
      };
    },

    async write({ resources = [], revokedSessions = [], identities = [], journal = null, auditHeads }) {
      const transaction = (await database()).transaction(
        ['resources', 'journal', 'audit', 'meta'],
        'readwrite',
        { durability: 'relaxed' },
      );
      const meta = transaction.objectStore('meta');
      const [stored, revoked] = await Promise.all([
        meta.get('base'),
        revokedSessions.length > 0 ? meta.get('revoked') : undefined,
      ]);
      const writes: Promise<unknown>[] = [];
      if (standsOn(stored)) {
        const store = transaction.objectStore('resources');
        writes.push(
          ...resources.map(async (record) => {
            const known = await store.get(record.resource);
            await store.put(merged(known, record));
          }),
        );
        if (journal !== null) writes.push(transaction.objectStore('journal').put(place(journal)));
      }
      if (auditHeads !== undefined) {
        const audit = transaction.objectStore('audit');
        writes.push(audit.clear(), ...auditHeads.map((head) => audit.put(head)));
      }
      if (revokedSessions.length > 0) {
        writes.push(
          meta.put([...new Set([...(isNames(revoked) ? revoked : []), ...revokedSessions])], 'revoked'),
        );
      }
      if (identities.length > 0) {
        const known = await meta.get('identities');
        const before = areIdentities(known) ? known : [];
        writes.push(meta.put(mergedIdentities(before, identities), 'identities'));
      }
      await Promise.all([...writes, transaction.done]);
    },

    async settle(outcome, journal) {
      const transaction = (await database()).transaction(['done', 'journal', 'meta'], 'readwrite', {
        durability: 'strict',
      });
      const stored = journal === null ? undefined : await transaction.objectStore('meta').get('base');
      await Promise.all([
        transaction.objectStore('done').put({ ...outcome, instance }),
        journal !== null && standsOn(stored)
          ? transaction.objectStore('journal').put(place(journal))
          : undefined,
        transaction.done,
      ]);
    },
  };
};

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');
/** Written by {@link indexedDbStore} alone. */
const areIdentities = (value: unknown): value is readonly FollowedIdentity[] =>
  Array.isArray(value) &&
  value.every((one) => typeof one === 'object' && one !== null && 'establishments' in one);
const isBase = (value: unknown): value is { readonly base: string | null } =>
  typeof value === 'object' && value !== null && 'base' in value;
