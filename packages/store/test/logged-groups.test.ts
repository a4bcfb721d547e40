import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import { advance, epochMs, initialized, type TrackEvent } from '@cd-push/protocol';
import { verifyAudit } from '@cd-push/timeline';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';

import { openSqliteJournal, type Committed, type Group, type JournalStore } from '../src/index.ts';
import { journalIn, sqliteJournalTables } from '../src/sqlite/open-sqlite-journal.ts';
import { openSqliteFile } from '../src/sqlite/sqlite-file.ts';
import {
  accepted,
  acceptedAt,
  append,
  auditEntry,
  commit,
  completed,
  listed,
  moveOf,
  offerOf,
  patch,
  place,
  pushed,
  recipient,
} from './contract/journal-samples.ts';
import { temporaryFolder } from './temporary-folder.ts';

const newFile = (): string => join(temporaryFolder(), 'journal.db');
const open = async (file: string, node = 'relay-1'): Promise<JournalStore> => {
  const journal = await openSqliteJournal(file, { node, now: () => acceptedAt });
  onTestFinished(() => journal.close());
  return journal;
};

/** With the database itself, to look into its tables. */
const openSeen = async (): Promise<{ journal: JournalStore; database: DatabaseSync }> => {
  let database: DatabaseSync | undefined;
  const journal = await openSqliteFile(newFile(), sqliteJournalTables, (opened) => {
    database = opened;
    return journalIn(opened, { node: 'relay-1', now: () => acceptedAt, isKept: true });
  });
  onTestFinished(() => journal.close());
  if (database === undefined) throw new Error('Nothing was opened.');
  return { journal, database };
};

/** The file as a process leaves it that is killed: nothing was closed. */
const asLeft = (file: string): string => {
  const copy = newFile();
  copyFileSync(file, copy);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
  return copy;
};

const recipients = [recipient('a'), recipient('b', 'one')];
const resources = ['/shop/a', '/shop/b'];
const digests = [null, '/shop/a@1', '/shop/a@2', '/shop/b@1'];

/** A patch that fits what stands more often than not, where versions rise. */
const patches = fc
  .record({
    resource: fc.constantFrom(...resources),
    version: fc.integer({ min: 1, max: 4 }),
    predecessor: fc.constantFrom(...digests),
    isRename: fc.boolean(),
  })
  .map(({ resource, version, predecessor, isRename }) =>
    patch(resource, version, predecessor, isRename ? { change: 'rename', from: '/shop/old' } : {}),
  );
const offers = fc
  .record({
    guid: fc.constantFrom('one', 'two', 'three', 'four', 'five', 'six'),
    patches: fc.array(patches, { minLength: 1, maxLength: 2 }),
    tip: fc.option(
      fc.record({
        from: fc.constantFrom(undefined, 'tip-1', 'tip-2'),
        to: fc.constantFrom('tip-1', 'tip-2'),
      }),
    ),
  })
  .map(({ guid, patches: brought, tip }) => ({
    ...offerOf(accepted(brought, { pushGuid: guid, recipients })),
    history:
      tip === null
        ? undefined
        : {
            objects: [],
            swaps: [{ timeline: 'timeline' as never, from: tip.from as never, to: tip.to as never }],
          },
  }));
const events: TrackEvent['type'][] = ['relayed', 'pushed', 'delivered', 'completed', 'expired'];
const moves = fc
  .record({
    push: fc.integer({ min: 1, max: 6 }),
    recipient: fc.constantFrom(...recipients),
    attempt: fc.integer({ min: 1, max: 2 }),
    events: fc.array(fc.constantFrom(...events), { minLength: 1, maxLength: 3 }),
  })
  .map(({ events: happened, attempt, ...move }) => ({
    ...move,
    track: {
      attempt,
      state: happened.reduce(
        (state, type) => advance(state, { type, at: epochMs(acceptedAt + 1) } as TrackEvent).state,
        initialized(epochMs(acceptedAt - 10)),
      ),
    },
  }));
const groups: fc.Arbitrary<Partial<Group>[]> = fc.array(
  fc.record({
    offers: fc.array(offers, { maxLength: 2 }),
    moves: fc.array(moves, { maxLength: 4 }),
    audit: fc.array(fc.constant(auditEntry({ event: 'delivered' })), { maxLength: 1 }),
    // What is more than a push, a move or a row of the audit does not wait.
    presence: fc.array(
      fc.record({
        tenant: fc.constant('acme'),
        recipient: fc.constantFrom(...recipients),
        node: fc.constantFrom('relay-1', null),
        kind: fc.constant('node' as const),
        since: fc.constant(acceptedAt),
      }),
      { maxLength: 1 },
    ),
  }),
  { minLength: 1, maxLength: 10 },
);

/** All that can be read of what groups have left. */
const standing = async (journal: JournalStore) => ({
  offset: await journal.offset(),
  written: await journal.written(0, 10_000),
  open: await listed(journal, { tenant: 'acme', open: true, limit: 100 }),
  heads: await journal.heads(place, [...resources, '/shop/old']),
  contents: await journal.stored(
    'acme',
    resources.flatMap((name) => [1, 2, 3, 4].map((version) => `${name}@${version}`)),
  ),
  tip: await journal.space('acme').tip('timeline' as never),
  events: (await journal.audit.rows(undefined, 1_000)).map(
    (row) => (JSON.parse(row) as { event: string }).event,
  ),
});

describe('groups that are logged before they are in the tables', () => {
  test('come to the same, be the tables read after each, at the end, or by who opens the file after a kill', async () => {
    await fc.assert(
      fc.asyncProperty(groups, fc.nat(), async (made, seed) => {
        const [read, unread] = [await open(':memory:'), newFile()];
        const late = await open(unread);
        const outcomes: Committed[] = [];
        for (const group of made) {
          outcomes.push(await commit(read, group));
          await read.offset();
        }
        const killedAfter = seed % made.length;
        let killed: string | undefined;
        for (const [index, group] of made.entries()) {
          expect(await commit(late, group)).toEqual(outcomes[index]);
          if (index === killedAfter) killed = asLeft(unread);
        }
        const whole = await standing(read);
        expect(await standing(late)).toEqual(whole);
        const next = await open(killed!, 'relay-2');
        const opened = whole.events.slice(0, 1);
        expect((await verifyAudit(await next.audit.rows(undefined, 1_000))).faults).toEqual([]);
        for (const [index, group] of made.slice(killedAfter + 1).entries())
          expect(await commit(next, group)).toEqual(outcomes[killedAfter + 1 + index]);
        const after = await standing(next);
        expect({ ...after, events: after.events.toSorted() }).toEqual({
          ...whole,
          events: [...whole.events, ...opened].toSorted(),
        });
        for (const journal of [read, late, next]) await journal.close();
      }),
      { seed: 20_261_120, numRuns: 30 },
    );
  });

  test('of a process that was killed stay rows of the chain that it wrote', async () => {
    const file = newFile();
    const journal = await open(file);
    await commit(journal, { offers: [offerOf(accepted([patch('/shop/a', 1, null)]))] });
    const next = await open(asLeft(file), 'relay-2');
    const rows = (await next.audit.rows(undefined, 10)).map(
      (row) => JSON.parse(row) as { node: string; event: string },
    );
    expect(rows).toMatchObject([
      { node: 'relay-1', event: 'opened' },
      { node: 'relay-1', event: 'accepted' },
      { node: 'relay-2', event: 'opened' },
    ]);
  });

  test('that change nothing, such as a push that is repeated, are not logged', async () => {
    const { journal, database } = await openSeen();
    const once = offerOf(accepted([patch('/shop/a', 1, null)]));
    await commit(journal, { offers: [once] });
    expect((await commit(journal, { offers: [once] })).offers).toEqual([{ outcome: 'repeated' }]);
    expect(database.prepare('select count(*) as n from group_log').get()).toEqual({ n: 1 });
  });

  test('come into the tables by themselves', async () => {
    const { journal, database } = await openSeen();
    await commit(journal, { offers: [offerOf(accepted([patch('/shop/a', 1, null)]))] });
    const count = (table: string): unknown =>
      database.prepare(`select count(*) as n from ${table}`).get()!['n'];
    expect([count('group_log'), count('pushes')]).toEqual([1, 0]);
    await expect.poll(() => [count('group_log'), count('pushes')]).toEqual([0, 1]);
  });

  test('that find no room in the tables are not lost: who reads is told to come back, and when there is room they are there', async () => {
    const { journal, database } = await openSeen();
    const known = await append(journal, accepted([patch('/shop/a', 1, null)]));
    const pages = Number(database.prepare('pragma page_count').get()!['page_count']);
    // Room for the log's row, and not for what it stands for besides.
    database.exec(`pragma max_page_count = ${pages + 18}`);
    const push = accepted([patch('/shop/b', 1, null)], {
      contents: [{ digest: '/shop/b@1', body: 'x'.repeat(50_000) }],
    });
    const taken = await commit(journal, { offers: [offerOf(push)] });
    expect(taken.offers).toEqual([{ outcome: 'appended', offset: 2 }]);
    await expect(journal.offset()).rejects.toMatchObject({ kind: 'unreachable' });
    // What is asked before each push is answered all the same.
    expect(await journal.heads(place, ['/shop/b'])).toMatchObject([{ version: 1, offset: 2 }]);
    await commit(journal, { moves: [moveOf(known, recipient('r'), pushed(), completed())] });

    database.exec('pragma max_page_count = 1000000');
    expect(await journal.offset()).toBe(3);
    expect(await journal.find('acme', push.pushGuid)).toMatchObject({ offset: 2 });
    expect(await journal.content('acme', '/shop/b@1')).toBe('x'.repeat(50_000));
    expect(
      (await listed(journal, { tenant: 'acme', open: true, limit: 10 })).map(({ offset }) => offset),
    ).toEqual([2]);
  });
});
