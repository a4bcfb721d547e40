import { epochMs } from '@cd-push/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { JournalStore } from '../../src/index.ts';
import { accepted, append, offer, patch, type OpenJournal } from './journal-samples.ts';

/** What every journal holds to about contents. */
export const journalContentsContract = (open: OpenJournal): void => {
  describe('contents of a journal', () => {
    let journal: JournalStore;
    beforeEach(async () => (journal = await open()));
    afterEach(() => journal.close());

    const upload = { subject: 'ada', at: epochMs(1) };

    test.each<[string, string | Uint8Array]>([
      ['a text', 'const a = 1;\n'],
      ['an empty text', ''],
      ['a text with NUL', 'before\u0000after'],
      ['a text beyond the basic plane', '𝄞 ünïcödé'],
      ['a text with half a surrogate pair', 'a\ud800b'],
      ['a text that looks like bytes', '\\x00ff'],
      ['bytes', Uint8Array.from([0, 1, 254, 255])],
      ['no bytes', new Uint8Array()],
    ])('%s comes back as it was', async (_what, body) => {
      const push = accepted([patch('/shop/a', 1, null)], { contents: [{ digest: 'of a push', body }] });
      await append(journal, push);
      await journal.putContent('acme', { digest: 'of an upload', body }, upload);
      for (const digest of ['of a push', 'of an upload']) {
        expect(await journal.content('acme', digest)).toStrictEqual(body);
      }
      const size = Buffer.byteLength(body);
      expect(await journal.stored('acme', ['of a push', 'none', 'of an upload'])).toEqual(
        new Map([
          ['of a push', size],
          ['of an upload', size],
        ]),
      );
    });

    test('a content is the tenant’s that stored it', async () => {
      await journal.putContent('acme', { digest: 'd', body: 'x' }, upload);
      expect(await journal.content('globex', 'd')).toBeUndefined();
      expect(await journal.stored('globex', ['d'])).toEqual(new Map());
      expect(await journal.stored('acme', [])).toEqual(new Map());
    });

    test('a content that is stored stays as it is, whoever brings it again', async () => {
      const twice = [1, 2].map((version) =>
        accepted([patch(`/shop/${version}`, 1, null)], { contents: [{ digest: 'd', body: 'x' }] }),
      );
      expect(await offer(journal, ...twice)).toMatchObject([
        { outcome: 'appended' },
        { outcome: 'appended' },
      ]);
      await journal.putContent('acme', { digest: 'd', body: 'x' }, upload);
      expect(await journal.content('acme', 'd')).toBe('x');
    });

    test('an upload is its subject’s until a push of that subject names it', async () => {
      const content = { digest: '/shop/a@1', body: 'four' };
      for (const subject of ['ada', 'bob']) await journal.putContent('acme', content, { ...upload, subject });
      await journal.putContent('acme', { digest: 'other', body: '' }, upload);
      const mine = new Map([
        ['/shop/a@1', 4],
        ['other', 0],
      ]);
      expect(await journal.uploads('acme', 'ada')).toEqual(mine);
      expect(await journal.uploads('globex', 'ada')).toEqual(new Map());

      const refused = accepted([patch('/shop/a', 1, null)]);
      await append(
        journal,
        accepted([patch('/shop/a', 2, null)], { sender: { subject: 'eve', session: 's' } }),
      );
      expect(await offer(journal, refused)).toMatchObject([{ outcome: 'misfit' }]);
      expect(await journal.uploads('acme', 'ada')).toEqual(mine);

      await append(journal, accepted([patch('/shop/b', 1, null, { digest: '/shop/a@1' })], { contents: [] }));
      expect(await journal.uploads('acme', 'ada')).toEqual(new Map([['other', 0]]));
      expect(await journal.uploads('acme', 'bob')).toEqual(new Map([['/shop/a@1', 4]]));
    });

    test('the resources whose history has a content or a map are known', async () => {
      await append(journal, accepted([patch('/shop/a', 1, null, { digest: 'd', mapDigest: 'm' })]));
      await append(journal, accepted([patch('/shop/a', 2, 'd')]));
      await append(
        journal,
        accepted([patch('/shop/b', 1, null, { digest: 'd' })], { environment: 'staging' }),
      );
      await append(journal, accepted([patch('/shop/c', 1, null, { digest: 'd' })], { tenant: 'globex' }));
      const found = await journal.resourcesWith('acme', 'd');
      expect(found).toHaveLength(2);
      expect(found).toEqual(
        expect.arrayContaining([
          { environment: 'development', resource: '/shop/a' },
          { environment: 'staging', resource: '/shop/b' },
        ]),
      );
      expect(await journal.resourcesWith('acme', 'm')).toEqual([
        { environment: 'development', resource: '/shop/a' },
      ]);
      expect(await journal.resourcesWith('acme', 'none')).toEqual([]);
    });
  });
};
