import { epochMs } from '@cd-push/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore } from '../../src/index.ts';
import { accepted, append, offer, patch, place, type OpenJournal } from './journal-samples.ts';

/** What every journal holds to about which versions files had. */
export const journalVersionsContract = (open: OpenJournal): void => {
  describe('versions in a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    /** Versions 10, 20, … of a resource, each a push of its own, accepted at the time of its number. */
    const versions = async (resource: string, ...numbers: readonly number[]): Promise<void> => {
      for (const [index, version] of numbers.entries()) {
        const predecessor = index === 0 ? null : `${resource}@${numbers[index - 1]}`;
        await append(
          journal,
          accepted([patch(resource, version, predecessor)], { acceptedAt: epochMs(version) }),
        );
      }
    };

    test('are told the latest first, with what was signed and the push that brought them', async () => {
      const first = accepted([patch('/shop/a', 10, null)]);
      await append(journal, first);
      const more = { restores: 10, digest: '/shop/a@10', mapDigest: 'map', bytes: 7 };
      const second = accepted([patch('/shop/a', 20, '/shop/a@10', more), patch('/shop/b', 20, null)]);
      await append(journal, second);
      const found = await journal.versions(place, '/shop/a', 99, 10);
      expect(found).toMatchObject([
        {
          resource: '/shop/a',
          version: 20,
          digest: '/shop/a@10',
          mapDigest: 'map',
          predecessor: '/shop/a@10',
          offset: 2,
          pushGuid: second.pushGuid,
          sender: { subject: 'ada', session: 'session-1' },
          acceptedAt: second.acceptedAt,
          statement: second.digest,
          patch: { change: 'put', restores: 10, bytes: 7, componentType: 'module' },
          recipients: 1,
        },
        { version: 10, pushGuid: first.pushGuid, mapDigest: null, predecessor: null },
      ]);
      expect(await journal.versions(place, '/shop/a', 20, 10)).toEqual(found.slice(1));
      expect(await journal.versions(place, '/shop/a', 99, 1)).toEqual(found.slice(0, 1));
    });

    test('are told apart by tenant, environment and name', async () => {
      await versions('/shop/a', 10);
      await append(journal, accepted([patch('/shop/a', 30, null)], { tenant: 'globex' }));
      await append(journal, accepted([patch('/shop/a', 40, null)], { environment: 'staging' }));
      const numbers = async (where: typeof place, resource: string) =>
        (await journal.versions(where, resource, 99, 9)).map(({ version }) => version);
      expect(await numbers(place, '/shop/a')).toEqual([10]);
      expect(await numbers({ ...place, tenant: 'globex' }, '/shop/a')).toEqual([30]);
      expect(await numbers({ ...place, environment: 'staging' }, '/shop/a')).toEqual([40]);
      expect(await numbers(place, '/shop')).toEqual([]);
    });

    test('of a rename are told under both names', async () => {
      await versions('/shop/a', 10);
      const renamed = patch('/shop/b', 20, '/shop/a@10', { change: 'rename', from: '/shop/a' });
      await append(journal, accepted([renamed]));
      expect(await journal.versions(place, '/shop/a', 99, 1)).toMatchObject([
        { version: 20, digest: null, patch: { change: 'rename', resource: '/shop/b' } },
      ]);
      expect(await journal.versions(place, '/shop/b', 99, 9)).toMatchObject([
        { version: 20, digest: '/shop/b@20', patch: { from: '/shop/a' } },
      ]);
    });

    test('are found by their numbers', async () => {
      await versions('/shop/a', 10, 20);
      await versions('/shop/b', 10);
      const asked = [
        { resource: '/shop/a', version: 10 },
        { resource: '/shop/b', version: 10 },
        { resource: '/shop/a', version: 15 },
      ];
      const found = await journal.versionsAt(place, asked);
      expect(found.map(({ resource, version }) => `${resource} ${version}`).toSorted()).toEqual([
        '/shop/a 10',
        '/shop/b 10',
      ]);
      expect(await journal.versionsAt({ ...place, tenant: 'globex' }, asked)).toEqual([]);
    });

    test('are counted from the first one on', async () => {
      await versions('/shop/a', 10, 20, 30);
      await versions('/shop/b', 20);
      const asked = [
        { resource: '/shop/a', version: 30 },
        { resource: '/shop/b', version: 20 },
        { resource: '/shop/a', version: 10 },
        { resource: '/shop/none', version: 10 },
      ];
      expect(await journal.ordinals(place, asked)).toEqual([3, 1, 1, 0]);
      expect(await journal.ordinals(place, [])).toEqual([]);
    });
  });

  describe('what has changed in a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => {
      journal = await open();
      await offer(
        journal,
        accepted([patch('/shop/a', 10, null), patch('/shop/b', 10, null)], { acceptedAt: epochMs(10) }),
        accepted([patch('/shop/a', 20, '/shop/a@10')], { acceptedAt: epochMs(20) }),
        accepted([patch('/shop/a', 30, '/shop/a@20'), patch('/shop/new/c', 30, null)], {
          acceptedAt: epochMs(30),
        }),
        accepted([patch('/shopping/d', 30, null)], { acceptedAt: epochMs(30) }),
      );
    });
    afterEach(() => journal.close());

    const changes = async (prefix: string, since: number, page: { after?: string; limit?: number } = {}) =>
      (await journal.changesSince(place, prefix, since, { limit: 9, ...page })).map(
        ({ now, before, isForgotten }) => [
          now.resource,
          now.version,
          before?.version,
          ...(isForgotten ? ['forgotten'] : []),
        ],
      );

    test('since a place is each file that was pushed behind it, with what was in place there', async () => {
      expect(await changes('/shop', 0)).toEqual([
        ['/shop/a', 30, undefined],
        ['/shop/b', 10, undefined],
        ['/shop/new/c', 30, undefined],
      ]);
      expect(await changes('/shop', 1)).toEqual([
        ['/shop/a', 30, 10],
        ['/shop/new/c', 30, undefined],
      ]);
      expect(await changes('/shop', 2)).toEqual([
        ['/shop/a', 30, 20],
        ['/shop/new/c', 30, undefined],
      ]);
      expect(await changes('/shop', 3)).toEqual([]);
    });

    test('is asked for by file, by folder in whole segments, or for everything', async () => {
      expect(await changes('/shop/a', 0)).toEqual([['/shop/a', 30, undefined]]);
      expect(await changes('/shop/new/', 0)).toEqual([['/shop/new/c', 30, undefined]]);
      expect(await changes('/shop/n', 0)).toEqual([]);
      expect((await changes('/', 0)).length).toBe(4);
    });

    test('is answered in pages by name', async () => {
      expect(await changes('/shop', 0, { limit: 2 })).toHaveLength(2);
      expect(await changes('/shop', 0, { after: '/shop/b' })).toEqual([['/shop/new/c', 30, undefined]]);
    });

    test('is told of deletions and of what came back as of everything else', async () => {
      const gone = patch('/shop/b', 40, '/shop/b@10', { change: 'delete', digest: null, bytes: 0 });
      await append(journal, accepted([gone], { acceptedAt: epochMs(40) }));
      await append(journal, accepted([patch('/shop/b', 50, null)], { acceptedAt: epochMs(50) }));
      expect(await journal.changesSince(place, '/shop/b', 5, { limit: 9 })).toMatchObject([
        { now: { version: 50, predecessor: null }, before: { version: 40, digest: null } },
      ]);
    });

    test('is told of a file that got its name by a rename as of a new one', async () => {
      const renamed = patch('/shop/e', 40, '/shop/b@10', { change: 'rename', from: '/shop/b' });
      await append(journal, accepted([renamed], { acceptedAt: epochMs(40) }));
      expect(await journal.changesSince(place, '/shop', 4, { limit: 9 })).toMatchObject([
        { now: { resource: '/shop/b', digest: null }, before: { version: 10 }, isForgotten: false },
        { now: { resource: '/shop/e' }, before: undefined, isForgotten: false },
      ]);
    });

    test('a time stands for the last push that was accepted until then', async () => {
      const places = await Promise.all(
        [9, 10, 15, 20, 29, 30, 99].map((at) => journal.offsetAt(epochMs(at))),
      );
      expect(places).toEqual([0, 1, 1, 2, 2, 4, 4]);
    });
  });
};
