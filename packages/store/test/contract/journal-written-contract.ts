import { epochMs } from '@cd-push/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore, Written } from '../../src/index.ts';
import {
  accepted,
  append,
  commit,
  completed,
  moveOf,
  pushed,
  recipient,
  type OpenJournal,
} from './journal-samples.ts';

/** What every journal holds to when it is followed. */
export const journalWrittenContract = (open: OpenJournal): void => {
  describe('what was written to a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    const nothing = { pushes: [], moves: [], presence: [], gone: [], policies: [], edits: [] };
    const presence = {
      tenant: 'acme',
      recipient: recipient('r'),
      node: 'one',
      kind: 'node' as const,
      since: epochMs(1),
    };
    const policy = {
      tenant: 'acme',
      policy: {
        target: { guid: 'r' },
        hold: true,
        silent: false,
        mode: 'hybrid' as const,
        by: 'ada',
        at: epochMs(1),
      },
    };

    /** Follows the journal to its end by so many rows at a time. */
    const follow = async (limit: number): Promise<Written[]> => {
      const pages: Written[] = [];
      for (let after = 0; after < (await journal.offset());) {
        const page = await journal.written(after, limit);
        expect(page.offset).toBeGreaterThan(after);
        pages.push(page);
        after = page.offset;
      }
      return pages;
    };

    test('nothing was written to a new journal', async () => {
      expect(await journal.written(0, 10)).toEqual({ ...nothing, offset: 0 });
    });

    test('everything is told as it stands, whoever changed it how often', async () => {
      const first = await append(journal, accepted([]));
      const second = await append(journal, accepted([]));
      const moves = [pushed(), completed()].map((event) => moveOf(first, recipient('r'), event));
      for (const move of moves) await commit(journal, { moves: [move] });
      await commit(journal, { presence: [presence], policies: [policy] });
      const [stored] = await journal.at([1]);
      expect(await journal.written(0, 10)).toEqual({
        pushes: [stored, second],
        moves: [{ ...moves[1], offset: 4 }],
        presence: [presence],
        gone: [],
        policies: [policy],
        edits: [],
        offset: 5,
      });
      expect(await journal.written(1, 10)).toMatchObject({ pushes: [second], offset: 5 });
      expect(await journal.written(4, 10)).toEqual({
        ...nothing,
        presence: [presence],
        policies: [policy],
        offset: 5,
      });
      expect(await journal.written(5, 10)).toEqual({ ...nothing, offset: 5 });
    });

    test('who departed is told as connected to none, and who is gone as gone', async () => {
      await commit(journal, { presence: [presence] });
      await commit(journal, { departed: [{ ...presence, node: 'one', at: epochMs(7) }] });
      expect(await journal.written(1, 10)).toMatchObject({
        presence: [{ ...presence, node: null, since: 7 }],
        gone: [],
        offset: 2,
      });
      const { tenant, recipient: who } = presence;
      await commit(journal, { gone: [{ tenant, recipient: who }] });
      expect(await journal.written(1, 10)).toEqual({
        ...nothing,
        gone: [{ tenant, recipient: who }],
        offset: 3,
      });
    });

    test('by however many rows it is followed, nothing is left out and nothing comes before its turn', async () => {
      const recipients = [recipient('a'), recipient('b'), recipient('c')];
      for (let index = 0; index < 6; index++) {
        const push = await append(journal, accepted([], { recipients }));
        await commit(journal, {
          moves: recipients.map((to) => moveOf(push, to, pushed())),
          presence: [{ ...presence, recipient: recipient(`p${index}`) }],
        });
      }
      const whole = await journal.written(0, 1_000);
      expect(whole).toMatchObject({ offset: 12, pushes: { length: 6 }, moves: { length: 18 } });
      for (const limit of [1, 2, 4, 5]) {
        const pages = await follow(limit);
        expect(pages.length).toBeGreaterThan(1);
        expect(pages.flatMap(({ pushes }) => pushes)).toEqual(whole.pushes);
        expect(pages.flatMap(({ moves }) => moves)).toEqual(whole.moves);
        expect(pages.flatMap((page) => page.presence)).toEqual(whole.presence);
        // What shares a place comes at once, and nothing else is above the limit.
        for (const page of pages) expect(page.moves.length).toBeLessThan(limit + recipients.length);
      }
    });

    test('a place of the future is answered by where the journal stands', async () => {
      await append(journal, accepted([]));
      expect(await journal.written(99, 10)).toEqual({ ...nothing, offset: 1 });
    });
  });
};
