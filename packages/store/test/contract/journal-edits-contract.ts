import { branded, epochMs, recipientIdOf, type OfferedEdit, type ResourceGuid } from '@cd-push/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore } from '../../src/index.ts';
import { accepted, append, type OpenJournal } from './journal-samples.ts';

const edit = (name: string, more: Partial<OfferedEdit> = {}): OfferedEdit => ({
  edit: name.padEnd(16, '-'),
  resource: '/shop/a.html',
  version: 1,
  digest: `sha256-${'A'.repeat(43)}`,
  text: `text of ${name}`,
  environment: 'development',
  runtime: recipientIdOf(branded<ResourceGuid>('till'), 'tab-1'),
  at: epochMs(1_000),
  ...more,
});

/** What every journal holds to about files that were edited where they run. */
export const journalEditsContract = (open: OpenJournal): void => {
  describe('edits in a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    const shop = { tenant: 'acme', environment: 'development', module: 'shop' };

    test('wait in their order until someone settles them, each module’s and environment’s for itself', async () => {
      const [first, second] = [edit('first'), edit('second')];
      for (const one of [first, second]) {
        expect(await journal.edits.put('acme', one)).toEqual({
          tenant: 'acme',
          edit: one,
          settled: undefined,
        });
      }
      await journal.edits.put('acme', edit('staged', { environment: 'staging' }));
      await journal.edits.put('acme', edit('other', { resource: '/shopping/a.html' }));
      await journal.edits.put('globex', edit('foreign'));
      expect(await journal.edits.open(shop, 10)).toEqual([first, second]);
      expect(await journal.edits.open(shop, 1)).toEqual([first]);

      const settlement = { edit: first.edit, outcome: 'merged' as const };
      expect(await journal.edits.settle('acme', settlement)).toMatchObject({ settled: undefined });
      expect(await journal.edits.open(shop, 10)).toEqual([second]);
      expect(await journal.edits.find('acme', first.edit)).toEqual({
        tenant: 'acme',
        edit: first,
        settled: settlement,
      });
    });

    test('the first word about an edit counts, and the same edit twice is one', async () => {
      const one = edit('one');
      await journal.edits.put('acme', one);
      await journal.edits.settle('acme', { edit: one.edit, outcome: 'refused' });
      const before = { tenant: 'acme', edit: one, settled: { edit: one.edit, outcome: 'refused' } };
      expect(await journal.edits.settle('acme', { edit: one.edit, outcome: 'merged' })).toEqual(before);
      expect(await journal.edits.put('acme', { ...one, text: 'another' })).toEqual(before);
      expect(await journal.edits.settle('globex', { edit: one.edit, outcome: 'merged' })).toBeUndefined();
      expect(await journal.edits.find('globex', one.edit)).toBeUndefined();
    });

    test('whoever follows the journal hears of them in its order', async () => {
      const one = edit('one');
      await append(journal, accepted([]));
      await journal.edits.put('acme', one);
      await append(journal, accepted([]));
      expect(await journal.written(1, 10)).toMatchObject({
        pushes: [{ offset: 3 }],
        edits: [{ tenant: 'acme', edit: one, settled: undefined }],
        offset: 3,
      });
      await journal.edits.settle('acme', { edit: one.edit, outcome: 'merged' });
      const { edits, offset } = await journal.written(3, 10);
      expect({ edits, offset }).toMatchObject({ edits: [{ settled: { outcome: 'merged' } }], offset: 4 });
      await journal.edits.settle('acme', { edit: one.edit, outcome: 'refused' });
      expect(await journal.offset()).toBe(4);
    });

    test('what waits of one runtime is counted', async () => {
      await journal.edits.put('acme', edit('one', { text: 'four' }));
      await journal.edits.put('acme', edit('two', { text: 'seventy' }));
      await journal.edits.put(
        'acme',
        edit('three', { runtime: recipientIdOf(branded<ResourceGuid>('other')) }),
      );
      expect(await journal.edits.openOf('acme', edit('one').runtime)).toEqual({ count: 2, length: 11 });
      await journal.edits.settle('acme', { edit: edit('one').edit, outcome: 'merged' });
      expect(await journal.edits.openOf('acme', edit('one').runtime)).toEqual({ count: 1, length: 7 });
      expect(await journal.edits.openOf('acme', 'nobody')).toEqual({ count: 0, length: 0 });
    });

    test('and what waits of all instances of a credential, of no other one’s', async () => {
      const runtimes = ['till', 'till2', 'tills'].map((guid) => branded<ResourceGuid>(guid));
      const [till] = runtimes;
      const instances = [
        ...runtimes.map((guid) => recipientIdOf(guid)),
        recipientIdOf(till!, 'a'),
        recipientIdOf(till!, 'z'),
      ];
      for (const [index, runtime] of instances.entries())
        await journal.edits.put('acme', edit(`of-${index}`, { runtime, text: 'four' }));
      await journal.edits.put('globex', edit('elsewhere', { runtime: instances[0]!, text: 'four' }));
      expect(await journal.edits.openUnder('acme', till!)).toEqual({ count: 3, length: 12 });
      await journal.edits.settle('acme', { edit: edit('of-3').edit, outcome: 'merged' });
      expect(await journal.edits.openUnder('acme', till!)).toEqual({ count: 2, length: 8 });
    });

    test('they are let go of when they are old, settled or not', async () => {
      const [old, young] = [edit('old'), edit('young', { at: epochMs(3_000) })];
      for (const one of [old, young]) await journal.edits.put('acme', one);
      await journal.prune({
        pushesBefore: epochMs(0),
        versions: 0,
        statementsBefore: epochMs(0),
        auditBefore: epochMs(0),
        contentsBefore: epochMs(0),
        editsBefore: epochMs(2_000),
      });
      expect(await journal.edits.open(shop, 10)).toEqual([young]);
    });
  });
};
