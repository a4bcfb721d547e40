import { epochMs, type PatchHead } from '@cd-push/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore, PushQuery } from '../../src/index.ts';
import {
  accepted,
  acceptedAt,
  append,
  commit,
  completed,
  deliverBy,
  listed,
  moveOf,
  offer,
  offerOf,
  patch,
  place,
  recipient,
  settle,
  type OpenJournal,
} from './journal-samples.ts';

/** What every journal holds to when it takes pushes and is asked for them. */
export const journalPushesContract = (open: OpenJournal): void => {
  describe('pushes of a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    test('a push comes back as it was accepted, relayed to every recipient', async () => {
      const push = accepted([patch('/shop/a', 1, null)], {
        recipients: [recipient('b'), recipient('a', 'one')],
      });
      const { envelope: _envelope, contents: _contents, frames: _frames, ...facts } = push;
      const relayed = {
        attempt: 1,
        state: { stage: 'relayed', times: { initialized: push.initTime, relayed: acceptedAt } },
      };
      const stored = await append(journal, push);
      expect(stored).toEqual({
        offset: 1,
        facts,
        tracks: new Map(push.recipients.map((to) => [to, relayed])),
      });
      expect([...stored.tracks.keys()]).toEqual(push.recipients);
      expect(await journal.find('acme', push.pushGuid)).toEqual(stored);
      expect(await journal.envelope(1)).toEqual(push.envelope);
    });

    test('facts are had without tracks, and are the same', async () => {
      const recipients = [recipient('b'), recipient('a', 'one')];
      const one = await append(journal, accepted([patch('/shop/a', 1, null)], { recipients }));
      const two = await append(journal, accepted([]));
      const known = [one, two].map(({ offset, facts: { recipients: all, ...facts } }) => ({
        offset,
        facts,
        recipients: all.length,
      }));
      expect(await journal.factsAt([two.offset, one.offset, 9])).toEqual(known);
      expect((await journal.list({ tenant: 'acme', limit: 9 })).pushes).toEqual(known.toReversed());
      expect((await journal.list({ tenant: 'acme', prefix: '/shop', limit: 9 })).pushes).toEqual([known[0]]);
      const move = moveOf(one, recipients[0]!, completed());
      const { offset } = await commit(journal, { moves: [move] });
      expect(await journal.writtenFacts(0, 9)).toEqual({
        pushes: known,
        moves: [{ ...move, offset }],
        offset,
      });
    });

    test('a message of an existing client comes back without signature', async () => {
      const push = accepted([], { carries: 'notice', signed: undefined, contents: [] });
      const stored = await append(journal, push);
      expect(stored.facts.signed).toBeUndefined();
      expect(await journal.envelope(stored.offset)).toEqual(push.envelope);
    });

    test('an envelope is as it was, whatever it shares with what was signed', async () => {
      const push = accepted([patch('/shop/a', 1, null)]);
      const { pushData } = push.envelope;
      const { certificate: _certificate, relayCertificate: _relay, ...bare } = pushData;
      const envelopes = [
        { ...push.envelope, pushData: { ...pushData, statement: 'another statement' } },
        {
          ...push.envelope,
          pushData: bare,
          req: { ctx: 'Sys\u0000', m: '', c: '', a: '', dat: null, args: null },
        },
      ];
      for (const envelope of envelopes) {
        const { offset } = await append(
          journal,
          accepted([], { envelope: envelope as typeof push.envelope }),
        );
        expect(await journal.envelope(offset)).toEqual(envelope);
      }
    });

    test('a push is found under its guid and tenant alone', async () => {
      const push = accepted([patch('/shop/a', 1, null)]);
      await append(journal, push);
      expect(await journal.find('globex', push.pushGuid)).toBeUndefined();
      expect(await journal.find('acme', crypto.randomUUID())).toBeUndefined();
      expect(await journal.envelope(2)).toBeUndefined();
    });

    test('offsets rise by one, and a group’s pushes stand in its order', async () => {
      expect(await journal.offset()).toBe(0);
      const pushes = ['/shop/a', '/shop/b', '/shop/c'].map((resource) =>
        accepted([patch(resource, 1, null)]),
      );
      expect(await offer(journal, ...pushes.slice(0, 2))).toEqual([
        { outcome: 'appended', offset: 1 },
        { outcome: 'appended', offset: 2 },
      ]);
      expect(await offer(journal, pushes[2]!)).toEqual([{ outcome: 'appended', offset: 3 }]);
      expect(await journal.offset()).toBe(3);
      const stored = await journal.at([3, 1, 7, 3]);
      expect(stored.map(({ facts }) => facts.pushGuid)).toEqual([pushes[0]!.pushGuid, pushes[2]!.pushGuid]);
      expect(await journal.at([])).toEqual([]);
    });

    test('a guid is taken once, also within a group, and changes nothing when it is repeated', async () => {
      const push = accepted([patch('/shop/a', 1, null)]);
      const again = accepted([patch('/shop/a', 2, '/shop/a@1')], { pushGuid: push.pushGuid });
      expect(await offer(journal, push, again)).toEqual([
        { outcome: 'appended', offset: 1 },
        { outcome: 'repeated' },
      ]);
      expect(await offer(journal, again)).toEqual([{ outcome: 'repeated' }]);
      expect(await journal.offset()).toBe(1);
      expect(await journal.heads(place, ['/shop/a'])).toMatchObject([{ version: 1 }]);
      expect(await journal.stored('acme', ['/shop/a@2'])).toEqual(new Map());
      expect(await journal.audit.rows(undefined, 10)).toHaveLength(2);
    });

    test('the same guid of another tenant is another push', async () => {
      const push = accepted([]);
      await append(journal, push);
      const other = await append(journal, accepted([], { pushGuid: push.pushGuid, tenant: 'globex' }));
      expect(await journal.find('globex', push.pushGuid)).toEqual(other);
    });

    test('of two pushes upon one head one is let in, in a group as in two', async () => {
      await append(journal, accepted([patch('/shop/a', 1, null)]));
      const rivals = [2, 3].map((version) => accepted([patch('/shop/a', version, '/shop/a@1')]));
      expect(await offer(journal, ...rivals)).toMatchObject([
        { outcome: 'appended' },
        { outcome: 'misfit', misfit: { index: 0, current: { version: 2, digest: '/shop/a@2' } } },
      ]);
      expect(await offer(journal, rivals[1]!)).toMatchObject([{ outcome: 'misfit' }]);
    });

    test('a push may follow one of its own group', async () => {
      const outcomes = await offer(
        journal,
        accepted([patch('/shop/a', 1, null)]),
        accepted([patch('/shop/a', 2, '/shop/a@1')]),
      );
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['appended', 'appended']);
      expect(await journal.heads(place, ['/shop/a'])).toMatchObject([{ version: 2, offset: 2 }]);
    });

    test.each<[string, PatchHead]>([
      ['upon another content', patch('/shop/a', 6, 'else')],
      ['upon none', patch('/shop/a', 6, null)],
      ['of a version that does not rise', patch('/shop/a', 5, '/shop/a@5')],
      ['renamed onto what is there', patch('/shop/a', 6, null, { change: 'rename', from: '/shop/new' })],
    ])('a patch %s is a misfit, and its push leaves no trace', async (_what, misfit) => {
      await append(journal, accepted([patch('/shop/a', 5, null)]));
      const mixed = accepted([patch('/shop/b', 6, null), misfit]);
      expect(await offer(journal, mixed)).toEqual([
        {
          outcome: 'misfit',
          misfit: { index: 1, patch: misfit, current: { version: 5, digest: '/shop/a@5' } },
        },
      ]);
      expect(await journal.heads(place, ['/shop/b'])).toEqual([]);
      expect(await journal.find('acme', mixed.pushGuid)).toBeUndefined();
      expect(await journal.offset()).toBe(1);
    });

    test('open pushes of recipients are known, in the order of their acceptance', async () => {
      const of = (resource: string, ...recipients: Parameters<typeof recipient>[]) =>
        append(
          journal,
          accepted([patch(resource, 1, null)], { recipients: recipients.map((one) => recipient(...one)) }),
        );
      const shared = await of('/shop/a', ['r']);
      const own = await of('/shop/b', ['r', 'one'], ['r']);
      const others = await of('/shop/c', ['r', 'two']);
      await of('/shop/d', ['rr'], ['rr', 'one']);
      const both = [recipient('r', 'one'), recipient('r')];
      expect(await journal.openFor('acme', both)).toEqual([shared, own]);
      expect(await journal.openOffsets('acme', both)).toEqual([shared.offset, own.offset]);
      expect(await journal.openFor('acme', [recipient('r', 'one')])).toEqual([own]);
      expect(await journal.openFor('globex', both)).toEqual([]);
      expect(await journal.openFor('acme', [])).toEqual([]);
      expect(await journal.openOffsetsUnder('acme', 'r')).toEqual(
        [shared, own, others].map(({ offset }) => offset),
      );
      expect(await journal.openOffsetsUnder('globex', 'r')).toEqual([]);

      await settle(journal, shared);
      expect((await journal.openFor('acme', both)).map(({ offset }) => offset)).toEqual([own.offset]);
    });

    test('what is overdue is known from its time on while it is open, the longest overdue first', async () => {
      const late = await append(
        journal,
        accepted([], { deliverBy: epochMs(deliverBy + 1), recipients: [recipient('a')] }),
      );
      const first = await append(journal, accepted([], { recipients: [recipient('a'), recipient('b')] }));
      expect(await journal.overdue(epochMs(deliverBy - 1), 10)).toEqual([]);
      expect(await journal.overdue(deliverBy, 10)).toHaveLength(2);
      await commit(journal, { moves: [moveOf(first, recipient('a'), completed())] });
      expect(await journal.overdue(epochMs(deliverBy + 1), 10)).toEqual([
        { push: first.offset, recipient: recipient('b') },
        { push: late.offset, recipient: recipient('a') },
      ]);
      expect(await journal.overdue(epochMs(deliverBy + 1), 1)).toHaveLength(1);
    });

    test('a push to nobody is settled', async () => {
      const push = await append(journal, accepted([], { recipients: [] }));
      expect(push.tracks).toEqual(new Map());
      expect(await listed(journal, { tenant: 'acme', open: false, limit: 10 })).toEqual([push]);
    });

    test('a group is written whole or not at all', async () => {
      const push = accepted([patch('/shop/a', 1, null)]);
      const broken = { ...offerOf(accepted([])).audit, detail: 1n as never };
      await expect(commit(journal, { offers: [offerOf(push)], audit: [broken] })).rejects.toThrow(/BigInt/);
      expect(await journal.offset()).toBe(0);
      expect(await journal.find('acme', push.pushGuid)).toBeUndefined();
      expect(await journal.stored('acme', ['/shop/a@1'])).toEqual(new Map());
      expect(await journal.audit.rows(undefined, 10)).toHaveLength(1);
      expect(await append(journal, push)).toMatchObject({ offset: 1 });
    });
  });

  describe('the list of a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => {
      journal = await open();
      const rest = { contents: [] };
      // 1 to 6, in this order.
      await offer(
        journal,
        accepted([patch('/shop/src/a', 1, null)], {
          recipients: [recipient('r', 'one'), recipient('r', 'two')],
        }),
        accepted([patch('/shop/src/b', 1, null), patch('/shop/lib/c', 1, null)], { environment: 'staging' }),
        accepted([patch('/shopping/a', 1, null)], { sender: { subject: 'bob', session: 's' } }),
        accepted([], { carries: 'notice', recipients: [recipient('q')] }),
        accepted([patch('/shop/src/a', 2, null)], { tenant: 'globex' }),
        accepted([patch('/shop/z', 2, '/shop/src/a@1', { change: 'rename', from: '/shop/src/a' })], rest),
      );
      const [third] = await journal.at([3]);
      await settle(journal, third!);
    });
    afterEach(() => journal.close());

    test.each<[string, Partial<PushQuery>, number[]]>([
      ['nothing else', {}, [6, 4, 3, 2, 1]],
      ['a tenant', { tenant: 'globex' }, [5]],
      ['an environment', { environment: 'staging' }, [2]],
      ['a prefix', { prefix: '/shop' }, [6, 2, 1]],
      ['a prefix that ends in a slash', { prefix: '/shop/' }, [6, 2, 1]],
      ['a folder, also where a file left it', { prefix: '/shop/src' }, [6, 2, 1]],
      ['a file', { prefix: '/shop/lib/c' }, [2]],
      ['every file', { prefix: '/' }, [6, 3, 2, 1]],
      ['part of a segment', { prefix: '/sho' }, []],
      ['a credential, each push once', { recipient: 'r' }, [6, 3, 2, 1]],
      ['an instance', { recipient: 'r#two' }, [1]],
      ['a recipient of nothing', { recipient: 'nobody' }, []],
      ['a sender', { sender: 'bob' }, [3]],
      ['what is open', { open: true }, [6, 4, 2, 1]],
      ['what is settled', { open: false }, [3]],
      ['a place', { before: 4 }, [3, 2, 1]],
      ['a number', { limit: 2 }, [6, 4]],
      ['an environment and a prefix', { environment: 'development', prefix: '/shop' }, [6, 1]],
      ['a recipient and a prefix', { recipient: 'r', prefix: '/shop/src' }, [6, 2, 1]],
      [
        'a recipient, a sender, a prefix and what is settled',
        {
          recipient: 'r',
          sender: 'bob',
          prefix: '/shopping',
          open: false,
        },
        [3],
      ],
      [
        'all of it',
        {
          environment: 'staging',
          recipient: 'r',
          sender: 'ada',
          prefix: '/shop/lib',
          open: true,
          before: 3,
          limit: 1,
        },
        [2],
      ],
    ])('is narrowed by %s, the latest first', async (_what, query, offsets) => {
      const pushes = await listed(journal, { tenant: 'acme', limit: 100, ...query });
      expect(pushes.map(({ offset }) => offset)).toEqual(offsets);
      expect(pushes).toEqual((await journal.at(offsets)).toReversed());
    });

    test('of one recipient it looks through thousands at a time, and says where to go on', async () => {
      const push = () => accepted([], { recipients: [recipient('q')] });
      const first = await append(journal, accepted([], { recipients: [recipient('s', 'one')] }));
      for (let group = 0; group < 5; group += 1)
        await offer(journal, ...Array.from({ length: 500 }, () => push()));
      const page = await journal.list({ tenant: 'acme', recipient: 's', limit: 2 });
      expect(page).toMatchObject({ pushes: [], looked: 2_000 });
      expect(page.next).toBeGreaterThan(first.offset);
      expect(
        await journal.list({ tenant: 'acme', recipient: 's', before: page.next, limit: 2 }),
      ).toMatchObject({
        pushes: [{ offset: first.offset }],
        next: undefined,
      });
    });
  });
};
