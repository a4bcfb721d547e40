import { epochMs } from '@cd-push/protocol';
import { verifyAudit } from '@cd-push/timeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore } from '../../src/index.ts';
import { rowsOf } from './audit-rows.ts';
import { accepted, append, auditEntry, commit, offer, patch, type OpenJournal } from './journal-samples.ts';

/** What every journal holds to about its audit. */
export const journalAuditContract = (open: OpenJournal): void => {
  describe('the audit of a journal', () => {
    let journal: JournalStore;
    let clock = epochMs(500);
    beforeEach(async () => {
      clock = epochMs(500);
      journal = await open({ node: 'relay-b', now: () => clock });
    });
    afterEach(() => journal.close());

    test('a chain begins when it is opened', async () => {
      expect(journal.audit.node).toBe('relay-b');
      expect(await rowsOf(journal.audit)).toEqual([
        {
          v: 1,
          node: 'relay-b',
          sequence: 1,
          previous: null,
          at: 500,
          event: 'opened',
          who: null,
          outcome: 'ok',
          heads: [],
        },
      ]);
    });

    test('rows that go with a group are written in its order, those of pushes that were not taken are not', async () => {
      const push = accepted([patch('/shop/a', 1, null)]);
      const other = accepted([patch('/shop/b', 1, null)]);
      const misfit = accepted([patch('/shop/a', 1, null)]);
      await offer(journal, push, push, misfit, other);
      await commit(journal, {
        audit: [auditEntry({ event: 'delivered', targets: ['r'] }), auditEntry({ event: 'completed' })],
      });
      const rows = await rowsOf(journal.audit);
      expect(rows.map(({ event, pushGuid }) => [event, pushGuid])).toEqual([
        ['opened', undefined],
        ['accepted', push.pushGuid],
        ['accepted', other.pushGuid],
        ['delivered', undefined],
        ['completed', undefined],
      ]);
    });

    test('rows by themselves take no place of the journal', async () => {
      await append(journal, accepted([]));
      expect(await commit(journal, { audit: [auditEntry()] })).toMatchObject({ offset: undefined });
      await journal.audit.append([auditEntry({ detail: 'NUL \u0000 and half a pair \ud800' })]);
      await journal.audit.append([]);
      expect(await journal.offset()).toBe(1);
      expect(await rowsOf(journal.audit)).toHaveLength(4);
      expect((await rowsOf(journal.audit)).at(-1)?.detail).toBe('NUL \u0000 and half a pair \ud800');
    });

    test('the chain holds against its head, whoever writes at once', async () => {
      await Promise.all([
        journal.audit.append([auditEntry(), auditEntry()]),
        commit(journal, { audit: [auditEntry()] }),
        append(journal, accepted([])),
        journal.audit.append([auditEntry()]),
      ]);
      const heads = await journal.audit.heads(10);
      expect(heads).toMatchObject([{ node: 'relay-b', sequence: 6 }]);
      const rows = await journal.audit.rows(undefined, 100);
      expect(await verifyAudit(rows, { heads })).toMatchObject({
        rows: 6,
        faults: [],
        chains: [{ kind: 'proven', sequence: 6 }],
      });
    });

    test('rows are read on from any place, as many as are asked for', async () => {
      await journal.audit.append(Array.from({ length: 5 }, () => auditEntry()));
      const all = await journal.audit.rows(undefined, 100);
      expect(await journal.audit.rows({ node: 'relay-b', sequence: 2 }, 3)).toEqual(all.slice(2, 5));
      expect(await journal.audit.rows({ node: 'relay-a', sequence: 99 }, 1)).toEqual(all.slice(0, 1));
      expect(await journal.audit.rows({ node: 'relay-c', sequence: 0 }, 9)).toEqual([]);
      expect(await journal.audit.heads(0)).toEqual([]);
    });

    test('what is let go of is a whole prefix, and a row names the last of it', async () => {
      const at = [1_000, 3_000, 2_000, 4_000].map(epochMs);
      await journal.audit.append(at.map((time) => auditEntry({ at: time })));
      const before = await rowsOf(journal.audit);
      const known = await journal.audit.heads(1);
      clock = epochMs(9_000);
      // The third row is younger: the clock was put back after it.
      await journal.audit.prune(epochMs(2_500));
      const rows = await rowsOf(journal.audit);
      expect(rows.map(({ sequence }) => sequence)).toEqual([3, 4, 5, 6]);
      expect(rows.at(-1)).toMatchObject({
        at: 9_000,
        event: 'pruned',
        heads: [{ node: 'relay-b', sequence: 2, hash: before[2]?.previous }],
      });
      const texts = await journal.audit.rows(undefined, 100);
      expect(
        await verifyAudit(texts, { heads: [...known, ...(await journal.audit.heads(1))] }),
      ).toMatchObject({
        faults: [],
        chains: [{ kind: 'proven' }],
      });
    });

    test('what is let go of in several parts is gone to the end, and the chain holds', async () => {
      for (let count = 0; count < 3; count++) {
        await journal.audit.append(Array.from({ length: 8_000 }, () => auditEntry({ at: epochMs(600) })));
      }
      clock = epochMs(9_000);
      await journal.audit.append([auditEntry({ at: clock })]);
      await journal.audit.prune(epochMs(8_000));
      const rows = await rowsOf(journal.audit);
      expect(rows.map(({ event }) => event)).toEqual(['accepted', 'pruned', 'pruned', 'pruned']);
      expect(rows.at(-1)?.heads).toMatchObject([{ sequence: 24_001 }]);
      const texts = await journal.audit.rows(undefined, 10);
      expect((await verifyAudit(texts, { heads: await journal.audit.heads(1) })).faults).toEqual([]);
    });

    test('where nothing is old enough nothing is let go of, and nothing is said', async () => {
      await journal.audit.prune(epochMs(500));
      expect(await rowsOf(journal.audit)).toHaveLength(1);
    });

    test('a chain that was let go of to its last row goes on behind it', async () => {
      await journal.audit.append([auditEntry({ at: epochMs(600) })]);
      clock = epochMs(9_000);
      await journal.audit.prune(epochMs(8_000));
      clock = epochMs(20_000);
      await journal.audit.prune(epochMs(10_000));
      await journal.audit.append([auditEntry({ at: clock })]);
      expect(await rowsOf(journal.audit)).toMatchObject([
        { sequence: 4, event: 'pruned', heads: [{ node: 'relay-b', sequence: 3 }] },
        { sequence: 5 },
      ]);
      const texts = await journal.audit.rows(undefined, 100);
      expect((await verifyAudit(texts, { heads: await journal.audit.heads(1) })).faults).toEqual([]);
    });
  });
};
