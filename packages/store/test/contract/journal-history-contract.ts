import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore } from '../../src/index.ts';
import { accepted, append, offer, patch, place, type OpenJournal } from './journal-samples.ts';

const noFrame = { frame: null, isElsewhere: false };

/** What every journal holds to about what is in place and how it came there. */
export const journalHistoryContract = (open: OpenJournal): void => {
  describe('heads and history of a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    const versions = async (resource: string, last: number): Promise<void> => {
      for (let version = 1; version <= last; version++) {
        const predecessor = version === 1 ? null : `${resource}@${version - 1}`;
        await append(journal, accepted([patch(resource, version, predecessor)]));
      }
    };

    test('heads are those of the latest push, apart by tenant and environment', async () => {
      await versions('/shop/a', 2);
      await append(journal, accepted([patch('/shop/a', 7, null)], { tenant: 'globex' }));
      await append(journal, accepted([patch('/shop/a', 8, null)], { environment: 'staging' }));
      expect(await journal.heads(place, ['/shop/a', '/shop/none', '/shop/a'])).toEqual([
        { resource: '/shop/a', version: 2, digest: '/shop/a@2', offset: 2, ...noFrame },
      ]);
      expect(await journal.heads({ ...place, environment: 'staging' }, ['/shop/a'])).toMatchObject([
        { version: 8 },
      ]);
      expect(await journal.heads(place, [])).toEqual([]);
    });

    test('heads of a module come in the order in which their pushes were accepted', async () => {
      await offer(
        journal,
        accepted([patch('/shop/b', 1, null)]),
        accepted([patch('/shop/a', 1, null)]),
        accepted([patch('/shopping/c', 1, null)]),
        accepted([patch('/shop/d', 1, null)], { tenant: 'globex' }),
        accepted([patch('/shop/e', 1, null)], { environment: 'staging' }),
        accepted([patch('/shop/b', 2, '/shop/b@1')]),
      );
      expect(await journal.headsOf(place, 'shop')).toEqual([
        { resource: '/shop/a', version: 1, digest: '/shop/a@1', offset: 2, ...noFrame },
        { resource: '/shop/b', version: 2, digest: '/shop/b@2', offset: 6, ...noFrame },
      ]);
    });

    test('a head names the frame that was pushed, also where its name was given up for another', async () => {
      const frame = (height: number) => ({ address: `frame-${height}`, timeline: 'genesis', height });
      await append(journal, accepted([patch('/shop/a', 1, null)], { frames: [frame(1)] }));
      const renamed = patch('/shop/b', 2, '/shop/a@1', { change: 'rename', from: '/shop/a' });
      await append(journal, accepted([renamed], { frames: [frame(2)] }));
      expect(await journal.heads(place, ['/shop/a', '/shop/b'])).toMatchObject([
        { resource: '/shop/a', digest: null, frame: frame(2), isElsewhere: true },
        { resource: '/shop/b', digest: '/shop/b@2', frame: frame(2), isElsewhere: false },
      ]);
      await append(journal, accepted([patch('/shop/b', 3, '/shop/b@2')]));
      expect(await journal.heads(place, ['/shop/b'])).toMatchObject([{ version: 3, frame: frame(2) }]);
    });

    test('nothing is in place where a file was deleted or renamed away, and its version still rises', async () => {
      await versions('/shop/a', 1);
      await versions('/shop/gone', 1);
      await append(
        journal,
        accepted([
          patch('/shop/b', 2, '/shop/a@1', { change: 'rename', from: '/shop/a' }),
          patch('/shop/gone', 2, '/shop/gone@1', { change: 'delete', digest: null, bytes: 0 }),
        ]),
      );
      expect(await journal.headsOf(place, 'shop')).toEqual(
        expect.arrayContaining([
          { resource: '/shop/a', version: 2, digest: null, offset: 3, ...noFrame },
          { resource: '/shop/b', version: 2, digest: '/shop/b@2', offset: 3, ...noFrame },
          { resource: '/shop/gone', version: 2, digest: null, offset: 3, ...noFrame },
        ]),
      );
      expect(await offer(journal, accepted([patch('/shop/a', 2, null)]))).toMatchObject([
        { outcome: 'misfit', misfit: { current: { version: 2, digest: null } } },
      ]);
      expect(await offer(journal, accepted([patch('/shop/a', 3, null)]))).toMatchObject([
        { outcome: 'appended' },
      ]);
    });

    test('a file that is renamed away and written anew in one push is in place', async () => {
      await versions('/shop/a', 1);
      await append(
        journal,
        accepted([
          patch('/shop/b', 2, '/shop/a@1', { change: 'rename', from: '/shop/a' }),
          patch('/shop/a', 2, '/shop/a@1'),
        ]),
      );
      expect(await journal.heads(place, ['/shop/a', '/shop/b'])).toMatchObject([
        { digest: '/shop/a@2' },
        { digest: '/shop/b@2' },
      ]);
    });

    test('steps between two versions say what was signed, oldest first', async () => {
      await versions('/shop/a', 5);
      expect(await journal.steps(place, '/shop/a', 2, 5, 10)).toEqual([
        {
          version: 3,
          digest: '/shop/a@3',
          predecessor: '/shop/a@2',
          offset: 3,
          session: 'session-1',
          statement: 'statement of 3',
          certificate: 'certificate of Ada',
        },
        expect.objectContaining({ version: 4, predecessor: '/shop/a@3' }),
      ]);
      expect(await journal.steps(place, '/shop/a', 4, 5, 10)).toEqual([]);
      expect(await journal.steps({ ...place, tenant: 'globex' }, '/shop/a', 0, 9, 10)).toEqual([]);
    });

    test('of more steps than are asked for the latest are answered', async () => {
      await versions('/shop/a', 5);
      const steps = await journal.steps(place, '/shop/a', 0, 5, 2);
      expect(steps.map(({ version }) => version)).toEqual([3, 4]);
    });

    test('a rename is a step of both names', async () => {
      await versions('/shop/a', 1);
      await append(
        journal,
        accepted([patch('/shop/b', 2, '/shop/a@1', { change: 'rename', from: '/shop/a' })]),
      );
      expect(await journal.steps(place, '/shop/a', 1, 9, 10)).toMatchObject([
        { version: 2, digest: null, predecessor: '/shop/a@1' },
      ]);
      expect(await journal.steps(place, '/shop/b', 0, 9, 10)).toMatchObject([
        { version: 2, digest: '/shop/b@2', predecessor: '/shop/a@1' },
      ]);
    });
  });
};
