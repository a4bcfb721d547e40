import { epochMs, type EpochMs } from '@cd-push/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore, Retention } from '../../src/index.ts';
import {
  accepted,
  append,
  commit,
  listed,
  offer,
  patch,
  place,
  recipient,
  settle,
  type OpenJournal,
} from './journal-samples.ts';

const day = 24 * 60 * 60 * 1000;
const days = (count: number): EpochMs => epochMs(count * day);

/** What every journal holds to when it lets go of what is old. */
export const journalRetentionContract = (open: OpenJournal): void => {
  describe('retention of a journal', () => {
    let journal: JournalStore;
    let clock = days(100);
    beforeEach(async () => {
      clock = days(100);
      journal = await open({ now: () => clock });
    });
    afterEach(() => journal.close());

    const prune = (retention: Partial<Retention>): Promise<void> =>
      journal.prune({
        pushesBefore: days(0),
        versions: 0,
        statementsBefore: days(0),
        auditBefore: days(0),
        editsBefore: days(0),
        contentsBefore: days(0),
        ...retention,
      });

    /** Versions of a resource, one a day from day 1 on, each settled. */
    const versions = async (resource: string, last: number): Promise<void> => {
      for (let version = 1; version <= last; version++) {
        const predecessor = version === 1 ? null : `${resource}@${version - 1}`;
        const push = accepted([patch(resource, version, predecessor)], { acceptedAt: days(version) });
        await settle(journal, await append(journal, push));
      }
    };
    const kept = async (): Promise<number[]> =>
      (await listed(journal, { tenant: 'acme', limit: 100 })).map(({ offset }) => offset).toReversed();

    test('policies that are over are told to who follows, known no more, and let go of in time', async () => {
      const policy = {
        target: { guid: ',"isOver":true}' },
        hold: true,
        silent: false,
        mode: 'hybrid',
        by: 'ada',
        at: days(1),
      } as const;
      const over = { ...policy, target: { guid: 'r' }, hold: false, isOver: true } as const;
      const policies = [policy, over].map((one) => ({ tenant: 'acme', policy: one }));
      await commit(journal, { policies });
      expect(await journal.policies('acme')).toEqual([policy]);
      const told = async () => (await journal.written(0, 10)).policies.map((one) => one.policy);
      expect(await told()).toEqual(expect.arrayContaining([policy, over]));
      await versions('/shop/a', 2);
      await prune({ pushesBefore: days(1) });
      expect(await told()).toHaveLength(2);
      await prune({ pushesBefore: days(99) });
      expect(await told()).toEqual([policy]);
    });

    test('settled pushes that are old are let go of, and what is in place stays', async () => {
      await versions('/shop/a', 4);
      // Offsets 1, 3, 5 and 7; the moves have those between.
      await prune({ pushesBefore: days(1) });
      expect(await journal.prunedTo()).toBe(0);
      await prune({ pushesBefore: days(3.5) });
      expect(await kept()).toEqual([5, 7]);
      // Of the second push its move is missing too.
      expect(await journal.prunedTo()).toBe(4);
      await prune({ pushesBefore: days(3.5) });
      expect(await journal.prunedTo()).toBe(4);
      expect(await journal.envelope(1)).toBeUndefined();
      expect(await listed(journal, { tenant: 'acme', prefix: '/shop', limit: 9 })).toHaveLength(2);
      expect(await listed(journal, { tenant: 'acme', recipient: 'r', limit: 9 })).toHaveLength(2);

      await prune({ pushesBefore: days(99) });
      expect(await kept()).toEqual([7]);
      expect(await journal.heads(place, ['/shop/a'])).toEqual([
        { resource: '/shop/a', version: 4, digest: '/shop/a@4', offset: 7, frame: null, isElsewhere: false },
      ]);
      expect(await journal.envelope(7)).toMatchObject({
        pushData: { certificate: 'certificate of Ada', relayCertificate: 'certificate of the relay' },
      });
    });

    test('a version goes by when it was replaced: one that was in place lately stays, however old it is', async () => {
      await versions('/shop/a', 1);
      await settle(
        journal,
        await append(journal, accepted([patch('/shop/a', 50, '/shop/a@1')], { acceptedAt: days(50) })),
      );
      await prune({ pushesBefore: days(50) });
      expect(await kept()).toEqual([1, 3]);
      await prune({ pushesBefore: epochMs(days(50) + 1) });
      expect(await kept()).toEqual([3]);
    });

    test('the last versions before the one in place stay with their contents, however old they are', async () => {
      await versions('/shop/a', 5);
      await versions('/shop/b', 2);
      await prune({ pushesBefore: days(99), contentsBefore: days(99), versions: 2 });
      clock = days(101);
      await prune({ pushesBefore: days(99), contentsBefore: days(101), versions: 2 });
      expect(await kept()).toEqual([5, 7, 9, 11, 13]);
      const contents = [1, 2, 3, 4, 5].map((version) => `/shop/a@${version}`);
      expect([...(await journal.stored('acme', contents)).keys()].toSorted()).toEqual(contents.slice(2));
    });

    test('of a push that is let go of the signed steps stay, with what it takes to prove them', async () => {
      await versions('/shop/a', 4);
      const before = await journal.steps(place, '/shop/a', 0, 9, 10);
      await prune({ pushesBefore: days(99), contentsBefore: days(99) });
      clock = days(101);
      await prune({ pushesBefore: days(99), contentsBefore: days(101) });
      expect(await kept()).toEqual([7]);
      expect(await journal.content('acme', '/shop/a@3')).toBeUndefined();
      expect(await journal.resourcesWith('acme', '/shop/a@3')).toEqual([
        { environment: 'development', resource: '/shop/a' },
      ]);
      expect(await journal.steps(place, '/shop/a', 0, 9, 10)).toEqual(before);
      expect(await journal.steps(place, '/shop/a', 1, 4, 1)).toEqual([before[2]]);
      expect(before).toMatchObject([
        { version: 1, predecessor: null, statement: 'statement of 1', certificate: 'certificate of Ada' },
        { version: 2, predecessor: '/shop/a@1', session: 'session-1' },
        { version: 3, digest: '/shop/a@3', offset: 5 },
        { version: 4 },
      ]);
    });

    test('versions are told of as before once no more than their statements is left, and counted', async () => {
      await versions('/shop/a', 4);
      const before = await journal.versions(place, '/shop/a', 9, 10);
      await prune({ pushesBefore: days(99) });
      const after = await journal.versions(place, '/shop/a', 9, 10);
      expect(after.map(({ recipients }) => recipients)).toEqual([1, null, null, null]);
      expect(after.map((version) => ({ ...version, recipients: 1 }))).toEqual(before);
      expect(await journal.versions(place, '/shop/a', 4, 2)).toEqual(after.slice(1, 3));
      expect(await journal.ordinals(place, after)).toEqual([4, 3, 2, 1]);
      expect(await journal.offsetAt(days(2))).toBe(3);
      expect(await journal.changesSince(place, '/shop', 3, { limit: 9 })).toEqual([
        { now: after[0], before: after[2], isForgotten: false },
      ]);
    });

    test('steps that are too old go as well, but for the last thousand of a file', async () => {
      const pushes = Array.from({ length: 1_005 }, (_, index) => {
        const predecessor = index === 0 ? null : `/shop/a@${index}`;
        return accepted([patch('/shop/a', index + 1, predecessor)], {
          acceptedAt: days(1),
          recipients: [],
          contents: [],
        });
      });
      await offer(journal, ...pushes);
      const oldest = async (): Promise<number | undefined> =>
        (await journal.steps(place, '/shop/a', 0, 9_999, 9_999))[0]?.version;
      await prune({ pushesBefore: days(99) });
      expect(await kept()).toEqual([1_005]);
      clock = days(102);
      await prune({ pushesBefore: days(99), statementsBefore: days(1) });
      expect(await oldest()).toBe(1);
      clock = days(104);
      await prune({ pushesBefore: days(99), statementsBefore: days(2) });
      // The one in place is kept with its push.
      expect(await oldest()).toBe(5);
      const [first] = await journal.changesSince(place, '/shop/a', 2, { limit: 9 });
      expect(first).toMatchObject({ before: undefined, isForgotten: true });
    });

    test('the certificate that steps were signed with stays with them', async () => {
      const signedBy = async (name: string, version: number, predecessor: string | null): Promise<void> => {
        const push = accepted([patch('/shop/a', version, predecessor)], { acceptedAt: days(version) });
        await settle(
          journal,
          await append(journal, { ...push, signed: { ...push.signed!, certificate: name } }),
        );
      };
      await signedBy('of the first session', 1, null);
      await signedBy('of the second session', 2, '/shop/a@1');
      await prune({ pushesBefore: days(50) });
      await prune({ pushesBefore: days(99) });
      expect(await journal.steps(place, '/shop/a', 0, 9, 9)).toMatchObject([
        { certificate: 'of the first session' },
        { certificate: 'of the second session' },
      ]);
    });

    test('what is open stays, however old it is', async () => {
      const push = accepted([patch('/shop/a', 1, null)], {
        acceptedAt: days(1),
        recipients: [recipient('a'), recipient('b')],
      });
      const stored = await append(journal, push);
      await append(journal, accepted([patch('/shop/a', 2, '/shop/a@1')], { acceptedAt: days(2) }));
      const { moves } = await journal.written(0, 9);
      expect(moves).toEqual([]);
      await settle(journal, { ...stored, facts: { ...stored.facts, recipients: [recipient('a')] } });
      await prune({ pushesBefore: days(99), contentsBefore: days(99) });
      clock = days(101);
      await prune({ pushesBefore: days(100), contentsBefore: days(101) });
      const [owed] = await journal.openFor('acme', [recipient('b')]);
      expect(owed).toMatchObject({ offset: 1, facts: { signed: { certificate: 'certificate of Ada' } } });
      expect(await journal.content('acme', '/shop/a@1')).toBe('content /shop/a@1');
    });

    test('a push of which one file of several is in place stays', async () => {
      const both = accepted([patch('/shop/a', 1, null), patch('/shop/b', 1, null)], { acceptedAt: days(1) });
      await settle(journal, await append(journal, both));
      await settle(
        journal,
        await append(journal, accepted([patch('/shop/a', 2, '/shop/a@1')], { acceptedAt: days(2) })),
      );
      await prune({ pushesBefore: days(99) });
      expect(await kept()).toEqual([1, 3]);
    });

    test('a deletion is in place too: no version below it can come again', async () => {
      await versions('/shop/a', 1);
      const deletion = patch('/shop/a', 2, '/shop/a@1', { change: 'delete', digest: null, bytes: 0 });
      await settle(journal, await append(journal, accepted([deletion], { acceptedAt: days(2) })));
      await prune({ pushesBefore: days(99) });
      expect(await kept()).toEqual([3]);
      expect(await offer(journal, accepted([patch('/shop/a', 1, null)]))).toMatchObject([
        { outcome: 'misfit', misfit: { current: { version: 2, digest: null } } },
      ]);
    });

    test('a content goes when no push has named it for as long as uploads are kept', async () => {
      await versions('/shop/a', 2);
      await prune({ pushesBefore: days(99), contentsBefore: days(99) });
      // Who has just asked whether it is there may still push upon it.
      expect(await journal.content('acme', '/shop/a@1')).toBeDefined();
      clock = days(101);
      await prune({ contentsBefore: epochMs(days(100) + 1) });
      expect(await journal.content('acme', '/shop/a@1')).toBeUndefined();
      expect(await journal.content('acme', '/shop/a@2')).toBeDefined();
    });

    test('a content that is named again meanwhile stays, be it as a map', async () => {
      await versions('/shop/a', 3);
      await prune({ pushesBefore: days(99) });
      await append(
        journal,
        accepted([patch('/shop/b', 1, null, { digest: '/shop/a@1', mapDigest: '/shop/a@2' })], {
          contents: [],
        }),
      );
      clock = days(200);
      await prune({ contentsBefore: days(199) });
      await prune({ contentsBefore: days(200) });
      expect((await journal.stored('acme', ['/shop/a@1', '/shop/a@2'])).size).toBe(2);
    });

    test('an upload is let go of when it is too old, and a content with the last of its uploads', async () => {
      const content = { digest: 'd', body: 'x' };
      await journal.putContent('acme', content, { subject: 'ada', at: days(90) });
      await journal.putContent('acme', content, { subject: 'bob', at: days(95) });
      await prune({ contentsBefore: days(91) });
      expect([await journal.uploads('acme', 'ada'), await journal.uploads('acme', 'bob')]).toEqual([
        new Map(),
        new Map([['d', 1]]),
      ]);
      clock = days(200);
      await prune({ contentsBefore: days(96) });
      expect(await journal.uploads('acme', 'bob')).toEqual(new Map());
      await prune({ contentsBefore: days(200) });
      expect(await journal.stored('acme', ['d'])).toEqual(new Map([['d', 1]]));
      await prune({ contentsBefore: epochMs(days(200) + 1) });
      expect(await journal.stored('acme', ['d'])).toEqual(new Map());
    });

    test('an upload that comes again is as young as the latest', async () => {
      const content = { digest: 'd', body: 'x' };
      await journal.putContent('acme', content, { subject: 'ada', at: days(90) });
      await journal.putContent('acme', content, { subject: 'ada', at: days(98) });
      await prune({ contentsBefore: days(97) });
      expect(await journal.uploads('acme', 'ada')).toEqual(new Map([['d', 1]]));
    });

    test('certificates go with the last push that names them', async () => {
      const signedBy = (name: string, resource: string, time: EpochMs) => {
        const push = accepted([patch(resource, 1, null)], { acceptedAt: time });
        return append(journal, { ...push, signed: { ...push.signed!, certificate: name } });
      };
      await settle(journal, await signedBy('old, in place', '/shop/a', days(1)));
      const owed = await signedBy('old, open', '/shop/b', days(1));
      await signedBy('old, of a later push', '/shop/c', days(1));
      await signedBy('old, of a later push', '/shop/d', days(50));
      await prune({ pushesBefore: days(40) });
      const texts = await listed(journal, { tenant: 'acme', limit: 9 });
      expect(texts.map(({ facts }) => facts.signed?.certificate)).toEqual([
        'old, of a later push',
        'old, of a later push',
        'old, open',
        'old, in place',
      ]);
      expect(await journal.openFor('acme', [recipient('r')])).toContainEqual(owed);
    });

    test('whoever is gone for long is forgotten, and so are nodes that nobody is connected to', async () => {
      const who = { tenant: 'acme', recipient: recipient('r') };
      await commit(journal, { presence: [{ ...who, node: null, kind: 'browser', since: days(1) }] });
      await commit(journal, { gone: [who] });
      expect((await journal.written(0, 9)).gone).toEqual([who]);
      await prune({ pushesBefore: days(1) });
      expect((await journal.written(0, 9)).gone).toEqual([who]);
      await prune({ pushesBefore: days(2) });
      expect((await journal.written(0, 9)).gone).toEqual([]);
      expect(await journal.offset()).toBe(2);
    });

    test('what is to be let go of in many parts is let go of to the end', async () => {
      const pushes = Array.from({ length: 1_100 }, () =>
        accepted([], { recipients: [], acceptedAt: days(1) }),
      );
      await offer(journal, ...pushes, accepted([], { recipients: [], acceptedAt: days(3) }));
      await prune({ pushesBefore: days(2) });
      expect(await kept()).toEqual([1_101]);
    });

    test('rows of the audit are let go of by their own time', async () => {
      await versions('/shop/a', 1);
      await prune({ pushesBefore: days(99), auditBefore: days(50) });
      expect(await journal.audit.rows(undefined, 9)).toHaveLength(2);
      clock = days(500);
      await prune({ auditBefore: days(200) });
      const rows = await journal.audit.rows(undefined, 9);
      expect(rows).toHaveLength(1);
      expect(rows[0]).toContain('"pruned"');
    });
  });
};
