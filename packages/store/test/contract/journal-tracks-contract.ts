import { epochMs, problemOf, type TrackEvent } from '@cd-push/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore, TrackMove } from '../../src/index.ts';
import {
  accepted,
  acceptedAt,
  append,
  commit,
  completed,
  listed,
  moveOf,
  patch,
  pushed,
  recipient,
  type OpenJournal,
} from './journal-samples.ts';

/** What every journal holds to when tracks move. */
export const journalTracksContract = (open: OpenJournal): void => {
  describe('tracks of a journal', () => {
    let journal: JournalStore;
    const to = recipient('r');
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    const delivered: TrackEvent = { type: 'delivered', at: epochMs(acceptedAt + 2) };
    const failed: TrackEvent = {
      type: 'failed',
      at: epochMs(acceptedAt + 3),
      problem: problemOf('apply-failed', { detail: 'a \u0000 and half a pair \ud800' }),
    };
    /** The next attempt, as a retry opens it. */
    const retried = ({ push, track }: TrackMove): TrackMove => ({
      push,
      recipient: to,
      track: {
        attempt: track.attempt + 1,
        state: { stage: 'relayed', times: { initialized: epochMs(5), relayed: epochMs(6) } },
      },
    });

    test('a move is made, and takes a place of the journal', async () => {
      const push = await append(journal, accepted([], { recipients: [to, recipient('other')] }));
      const move = moveOf(push, to, pushed());
      expect(await commit(journal, { moves: [move] })).toEqual({ offers: [], offset: 2, overtaken: [] });
      expect(await journal.offset()).toBe(2);
      const [stored] = await journal.at([1]);
      expect(stored?.tracks.get(to)).toEqual(move.track);
      expect(stored?.tracks.get(recipient('other'))).toEqual(push.tracks.get(recipient('other')));
    });

    test.each<[string, TrackEvent]>([
      ['completed', completed()],
      ['failed, with all that its problem says', failed],
      ['expired', { type: 'expired', at: epochMs(acceptedAt + 4) }],
      ['superseded', { type: 'superseded', at: epochMs(acceptedAt + 4) }],
    ])('a track that ended as %s is kept as it is', async (_end, event) => {
      const push = await append(journal, accepted([]));
      const move = moveOf(push, to, pushed(), event);
      await commit(journal, { moves: [move] });
      expect((await journal.find('acme', push.facts.pushGuid))?.tracks.get(to)).toEqual(move.track);
    });

    test('of two instances that take what is owed to their credential the first has it, and it is known which', async () => {
      const push = await append(journal, accepted([], { recipients: [to] }));
      const move = moveOf(push, to, pushed());
      const [first, second] = ['one', 'two'].map((instance) => ({
        ...move,
        track: { ...move.track, instance: recipient('r', instance) },
      }));
      await commit(journal, { moves: [first!] });
      expect((await commit(journal, { moves: [second!] })).overtaken).toEqual([first]);
      expect((await journal.at([push.offset]))[0]?.tracks.get(to)).toEqual(first?.track);
      expect((await journal.written(0, 10)).moves).toMatchObject([first!]);
    });

    test('what is not further is overtaken, and what stands is answered', async () => {
      const push = await append(journal, accepted([]));
      const there = moveOf(push, to, delivered);
      await commit(journal, { moves: [there] });
      for (const late of [moveOf(push, to), moveOf(push, to, pushed()), moveOf(push, to, delivered)]) {
        expect(await commit(journal, { moves: [late] })).toEqual({
          offers: [],
          offset: undefined,
          overtaken: [there],
        });
      }
      expect(await journal.offset()).toBe(2);
    });

    test('the first end stands', async () => {
      const push = await append(journal, accepted([]));
      const end = moveOf(push, to, failed);
      await commit(journal, { moves: [end] });
      for (const other of [completed(), { ...failed, at: epochMs(9_999_999) }, delivered]) {
        expect((await commit(journal, { moves: [moveOf(push, to, other)] })).overtaken).toEqual([end]);
      }
    });

    test('moves of one track in one group are made one after the other', async () => {
      const push = await append(journal, accepted([]));
      const [first, second, late] = [
        moveOf(push, to, pushed()),
        moveOf(push, to, pushed(), delivered),
        moveOf(push, to, pushed(acceptedAt + 9)),
      ];
      const end = moveOf(push, to, pushed(), delivered, completed());
      expect(await commit(journal, { moves: [first, second, late, end] })).toEqual({
        offers: [],
        offset: 2,
        // With what stands after the group.
        overtaken: [end],
      });
      expect((await journal.at([1]))[0]?.tracks.get(to)).toEqual(end.track);
    });

    test('a later attempt opens again what was settled, and an earlier one is overtaken by it', async () => {
      const push = await append(journal, accepted([], { deliverBy: epochMs(acceptedAt + 5) }));
      const end = moveOf(push, to, failed);
      await commit(journal, { moves: [end] });
      expect(await journal.openFor('acme', [to])).toEqual([]);
      const retry = retried(end);
      expect((await commit(journal, { moves: [retry] })).overtaken).toEqual([]);
      expect(await journal.openFor('acme', [to])).toHaveLength(1);
      expect(await journal.overdue(epochMs(acceptedAt + 5), 9)).toHaveLength(1);
      expect(await listed(journal, { tenant: 'acme', open: true, limit: 9 })).toHaveLength(1);
      const old = moveOf(push, to, completed());
      expect((await commit(journal, { moves: [old] })).overtaken).toEqual([retry]);
    });

    test('a push is open until its last recipient is settled, and again from a retry on', async () => {
      const others = [recipient('a'), recipient('b')];
      const push = await append(journal, accepted([], { recipients: [to, ...others] }));
      const isOpen = async () =>
        (await listed(journal, { tenant: 'acme', open: true, limit: 9 })).length === 1;
      const ends = push.facts.recipients.map((one) => moveOf(push, one, failed));
      await commit(journal, { moves: ends.slice(1) });
      expect(await isOpen()).toBe(true);
      // Settled and opened again in one group.
      await commit(journal, { moves: [ends[0]!, retried(ends[0]!)] });
      expect(await isOpen()).toBe(true);
      const second = retried(ends[0]!);
      await commit(journal, {
        moves: [{ ...second, track: { attempt: 2, state: ends[0]!.track.state } }],
      });
      expect(await isOpen()).toBe(false);
    });

    test('a move of a track that is not there changes nothing', async () => {
      const push = await append(journal, accepted([]));
      const moves = [
        { ...moveOf(push, to, pushed()), recipient: recipient('stranger') },
        { ...moveOf(push, to, pushed()), push: 99 },
      ];
      expect(await commit(journal, { moves })).toEqual({ offers: [], offset: undefined, overtaken: [] });
      expect(await journal.offset()).toBe(1);
    });

    test('a thousand recipients move in one group', async () => {
      const recipients = Array.from({ length: 1_000 }, (_, index) => recipient('r', `${index}`));
      const push = await append(journal, accepted([patch('/shop/a', 1, null)], { recipients }));
      expect([...push.tracks.keys()]).toEqual(recipients);
      const committed = await commit(journal, {
        moves: recipients.map((one) => moveOf(push, one, pushed())),
      });
      expect(committed).toEqual({ offers: [], offset: 2, overtaken: [] });
      expect((await journal.written(1, 10)).moves).toHaveLength(1_000);
    });
  });
};
