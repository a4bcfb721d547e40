import { epochMs, type Policy } from '@cd-push/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore, Presence } from '../../src/index.ts';
import { commit, recipient, type OpenJournal } from './journal-samples.ts';

/** What every journal holds to about who is connected where, and what holds there. */
export const journalPresenceContract = (open: OpenJournal): void => {
  describe('presence in a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    const at = (node: string | null, since = 1, id = 'r'): Presence => ({
      tenant: 'acme',
      recipient: recipient(id),
      node,
      kind: 'browser',
      since: epochMs(since),
    });
    const leaves = (node: string, time = 5, id = 'r') => ({
      tenant: 'acme',
      recipient: recipient(id),
      node,
      at: epochMs(time),
    });
    const gone = { tenant: 'acme', recipient: recipient('r') };

    test('who is connected is known, the latest place of each', async () => {
      expect(await commit(journal, { presence: [at('one'), at('two', 2), at('one', 1, 'q')] })).toMatchObject(
        {
          offset: 1,
        },
      );
      expect(await journal.presence()).toEqual([at('one', 1, 'q'), at('two', 2)]);
      await commit(journal, { presence: [{ ...at('three', 3), kind: 'node' }] });
      expect(await journal.presence()).toContainEqual({ ...at('three', 3), kind: 'node' });
    });

    test('a departure counts where the recipient is connected, and nowhere else', async () => {
      await commit(journal, { presence: [at('one')] });
      expect(await commit(journal, { departed: [leaves('one')] })).toMatchObject({ offset: 2 });
      expect(await journal.presence()).toEqual([at(null, 5)]);
      // It is back, elsewhere, before its first node has noticed.
      await commit(journal, { presence: [at('two', 6)] });
      expect(await commit(journal, { departed: [leaves('one', 7)] })).toMatchObject({ offset: undefined });
      expect(await commit(journal, { departed: [leaves('two', 7, 'stranger')] })).toMatchObject({
        offset: undefined,
      });
      expect(await journal.presence()).toEqual([at('two', 6)]);
      expect(await journal.offset()).toBe(3);
    });

    test('who is gone is waited for no more, unless it is connected', async () => {
      await commit(journal, { presence: [at('one')] });
      expect(await commit(journal, { gone: [gone] })).toMatchObject({ offset: undefined });
      expect(await journal.presence()).toEqual([at('one')]);
      expect(await commit(journal, { departed: [leaves('one')], gone: [gone] })).toMatchObject({ offset: 2 });
      expect(await journal.presence()).toEqual([]);
      expect(await commit(journal, { gone: [gone] })).toMatchObject({ offset: undefined });
      await commit(journal, { presence: [at('two', 9)] });
      expect(await journal.presence()).toEqual([at('two', 9)]);
    });

    test('a node to which recipients are connected is dead when it has not told for too long that it lives', async () => {
      const now = 100_000;
      /** Nodes that were not heard for longer than that; below nothing they all are. */
      const silentFor = (silentMs: number, node = 'me') =>
        journal.beat(node, epochMs(now), epochMs(now - silentMs));
      await silentFor(60_000, 'other');
      await silentFor(60_000, 'idle');
      await commit(journal, { presence: [at('other'), at('never heard of', 1, 'q'), at(null, 1, 'p')] });
      expect(await silentFor(60_000)).toEqual(['never heard of']);
      expect(await silentFor(-1)).toEqual(['never heard of', 'other']);
      // Whoever is told first may die before it does anything about it.
      expect(await silentFor(60_000, 'third')).toEqual(['never heard of']);
      await commit(journal, { departed: [leaves('never heard of', 5, 'q')] });
      expect(await silentFor(60_000)).toEqual([]);
    });

    test('a node that has opened the journal was heard', async () => {
      await commit(journal, { presence: [at(journal.audit.node)] });
      expect(await journal.beat('me', epochMs(Date.now()), epochMs(Date.now() - 60_000))).toEqual([]);
    });
  });

  describe('policies in a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    const policy = (target: Policy['target'], hold: boolean): Policy => ({
      target,
      hold,
      silent: false,
      mode: 'hybrid',
      by: 'ada',
      at: epochMs(1),
    });

    test('what holds for an address is what was said last, apart by tenant', async () => {
      const select = policy({ select: { module: 'shop', labels: { a: '1', b: '2' } } }, true);
      const same = policy({ select: { labels: { b: '2', a: '1' }, module: 'shop' } }, false);
      const other = policy({ guid: 'r' }, true);
      const of = (one: Policy, tenant = 'acme') => ({ tenant, policy: one });
      expect(await commit(journal, { policies: [of(select), of(other), of(other, 'globex')] })).toMatchObject(
        {
          offset: 1,
        },
      );
      expect(await journal.policies('acme')).toEqual([other, select]);
      await commit(journal, { policies: [of(select), of(same)] });
      expect(await journal.policies('acme')).toEqual([other, same]);
      expect(await journal.policies('globex')).toEqual([other]);
    });
  });
};
