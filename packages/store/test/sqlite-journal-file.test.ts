import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { verifyAudit } from '@cd-push/timeline';
import { expect, onTestFinished, test, vi } from 'vitest';

import { openSqliteJournal, openSqliteStore, StoreError, type JournalStore } from '../src/index.ts';
import { journalIn, sqliteJournalTables } from '../src/sqlite/open-sqlite-journal.ts';
import { openSqliteFile } from '../src/sqlite/sqlite-file.ts';
import { rowsOf } from './contract/audit-rows.ts';
import {
  accepted,
  acceptedAt,
  append,
  auditEntry,
  commit,
  completed,
  listed,
  moveOf,
  offer,
  offerOf,
  patch,
  place,
  pushed,
  recipient,
} from './contract/journal-samples.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
let files = 0;
const newFile = (): string => join(folder, `${files++}`, 'journal.db');

const open = async (file: string, node = 'relay-1'): Promise<JournalStore> => {
  const journal = await openSqliteJournal(file, { node });
  onTestFinished(() => journal.close().catch(() => {}));
  return journal;
};

const failure = async (opening: Promise<unknown>): Promise<StoreError> => {
  const error: unknown = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
};

/** A file with a journal of a hundred pushes, closed. */
const writtenFile = async (): Promise<string> => {
  const file = newFile();
  const journal = await open(file);
  await offer(
    journal,
    ...Array.from({ length: 100 }, (_, index) => accepted([patch(`/shop/${index}`, 1, null)])),
  );
  await journal.close();
  return file;
};

test('what was written is there after a restart, in the same epoch and behind the same place', async () => {
  const file = newFile();
  const first = await open(file);
  const push = await append(first, accepted([patch('/shop/a', 1, null)]));
  const move = moveOf(push, recipient('r'), pushed());
  await commit(first, { moves: [move] });
  await first.close();

  const second = await open(file);
  expect(second.epoch).toBe(first.epoch);
  expect(second.isShared).toBe(false);
  expect((await second.find('acme', push.facts.pushGuid))?.tracks.get(recipient('r'))).toEqual(move.track);
  expect(await second.content('acme', '/shop/a@1')).toBe('content /shop/a@1');
  expect(await second.heads(place, ['/shop/a'])).toMatchObject([{ version: 1 }]);
  expect(await append(second, accepted([]))).toMatchObject({ offset: 3 });
});

test('a journal that was not closed gives its places in another epoch', async () => {
  const file = newFile();
  const first = await open(file);
  await append(first, accepted([patch('/shop/a', 1, null)]));
  // As it is left where the power goes: with its log, without an end.
  const cut = newFile();
  mkdirSync(dirname(cut));
  for (const part of ['', '-wal']) copyFileSync(`${file}${part}`, `${cut}${part}`);
  const second = await open(cut);
  expect(second.epoch).not.toBe(first.epoch);
  expect(await second.heads(place, ['/shop/a'])).toMatchObject([{ version: 1 }]);
  await second.close();
  expect((await open(cut)).epoch).toBe(second.epoch);
});

test('a copy that is put back gives its places in another epoch', async () => {
  const file = newFile();
  const kept = newFile();
  mkdirSync(dirname(kept));
  const first = await open(file);
  await append(first, accepted([]));
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  await first.close();
  vi.useRealTimers();
  copyFileSync(file, kept);
  const second = await open(file);
  await append(second, accepted([]));
  await second.close();

  copyFileSync(kept, file);
  const third = await open(file);
  expect([first.epoch, second.epoch]).not.toContain(third.epoch);
  expect(await append(third, accepted([]))).toMatchObject({ offset: 2 });
});

test('a file that was closed needs no log beside it, and one whose tables are made has them by itself', async () => {
  const file = newFile();
  const journal = await open(file);
  await append(journal, accepted([]));
  const early = newFile();
  mkdirSync(dirname(early));
  copyFileSync(file, early);
  expect(await (await open(early)).offset()).toBe(0);
  await journal.close();
  expect(existsSync(`${file}-wal`)).toBe(false);
});

test('a file without tables is refused where it had a log, instead of beginning anew', async () => {
  const file = newFile();
  mkdirSync(dirname(file));
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = wal; pragma locking_mode = exclusive; create table pushes (guid)');
  const copy = newFile();
  mkdirSync(dirname(copy));
  copyFileSync(file, copy);
  database.close();
  for (const opening of [openSqliteJournal(copy, { node: 'relay-1' }), openSqliteStore(copy)]) {
    const error = await failure(opening);
    expect(error.kind).toBe('not-a-store');
    expect(error.message).toContain(`${copy}-wal`);
  }
});

test('each journal has an epoch of its own', async () => {
  const epochs = [
    (await open(newFile())).epoch,
    (await open(newFile())).epoch,
    (await open(':memory:')).epoch,
  ];
  expect(new Set(epochs).size).toBe(3);
});

test('each run writes a chain of its own, which begins with where the others stand', async () => {
  const file = newFile();
  const heads = [];
  for (const node of ['relay-1', 'relay-2', 'relay-3']) {
    const journal = await open(file, node);
    await append(journal, accepted([]));
    heads.push((await journal.audit.heads(9)).find((head) => head.node === node));
    await journal.close();
  }
  const journal = await open(file, 'relay-2');
  const rows = await rowsOf(journal.audit);
  expect(rows.map(({ node, sequence, event }) => `${node} ${sequence} ${event}`)).toEqual([
    'relay-1 1 opened',
    'relay-1 2 accepted',
    'relay-2 1 opened',
    'relay-2 2 accepted',
    // A name that was used before goes on with its chain.
    'relay-2 3 opened',
    'relay-3 1 opened',
    'relay-3 2 accepted',
  ]);
  const byNode = (one: { node: string }, other: { node: string }) => (one.node < other.node ? -1 : 1);
  expect(rows[4]?.heads?.toSorted(byNode)).toEqual([heads[0], heads[2]]);
  const texts = await journal.audit.rows(undefined, 100);
  expect(await verifyAudit(texts, { heads: await journal.audit.heads(9) })).toMatchObject({
    faults: [],
    chains: [{ kind: 'proven' }, { kind: 'proven' }, { kind: 'proven' }],
  });
});

test('chains of other runs are let go of to their last row, and the audit holds together without them', async () => {
  const file = newFile();
  const first = await openSqliteJournal(file, { node: 'relay-1', now: () => acceptedAt });
  await first.audit.append([auditEntry()]);
  await first.close();
  let clock = acceptedAt;
  const second = await openSqliteJournal(file, { node: 'relay-2', now: () => clock });
  onTestFinished(() => second.close());
  clock = (acceptedAt + 1_000) as typeof clock;
  await second.audit.append([auditEntry({ at: clock })]);
  await second.audit.prune((acceptedAt + 500) as typeof clock);
  const rows = await rowsOf(second.audit);
  expect(rows).toMatchObject([
    { node: 'relay-2', sequence: 2 },
    {
      sequence: 3,
      event: 'pruned',
      heads: [
        { node: 'relay-1', sequence: 2 },
        { node: 'relay-2', sequence: 1 },
      ],
    },
  ]);
  const heads = await second.audit.heads(10);
  expect(heads.map(({ node }) => node)).toEqual(['relay-2']);
  expect(await verifyAudit(await second.audit.rows(undefined, 9), { heads })).toMatchObject({
    faults: [],
    chains: [{ kind: 'proven' }],
  });
  // Once no row is left that could name the first chain, neither does the row that tells of what is gone.
  clock = (acceptedAt + 9_000) as typeof clock;
  await second.audit.prune((acceptedAt + 5_000) as typeof clock);
  expect((await rowsOf(second.audit)).at(-1)?.heads).toMatchObject([{ node: 'relay-2', sequence: 3 }]);
});

test('a file that is in use is refused, and DATABASE_URL is named', async () => {
  const file = newFile();
  const first = await open(file);
  await append(first, accepted([]));
  const error = await failure(openSqliteJournal(file, { node: 'relay-2' }));
  expect(error.kind).toBe('in-use');
  expect(error.message).toContain(file);
  expect(error.message).toContain('DATABASE_URL');
  expect(await append(first, accepted([]))).toMatchObject({ offset: 2 });
});

const cutTo =
  (bytes: (size: number) => number) =>
  (file: string): void =>
    truncateSync(file, bytes(statSync(file).size));

test.each<[string, StoreError['kind'], (file: string) => void]>([
  ['is cut by half', 'damaged', cutTo((size) => size / 2)],
  ['is cut within a page', 'damaged', cutTo((size) => size / 2 + 100)],
  ['lacks its last page', 'damaged', cutTo((size) => size - 4096)],
  ['lacks its last byte', 'damaged', cutTo((size) => size - 1)],
  ['has its first page alone', 'damaged', cutTo(() => 4096)],
  ['has part of its header', 'damaged', cutTo(() => 60)],
  [
    'has a hole',
    'damaged',
    (file) => {
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.fill(0, 8192, 16_384));
    },
  ],
  [
    'holds text',
    'not-a-store',
    (file) => writeFileSync(file, 'no database, and long enough for one. '.repeat(99)),
  ],
  [
    'is a database of something else',
    'not-a-store',
    (file) => {
      writeFileSync(file, '');
      const other = new DatabaseSync(file);
      other.exec('create table notes (text)');
      other.close();
    },
  ],
  [
    'was written by a newer version',
    'newer-schema',
    (file) => {
      const database = new DatabaseSync(file);
      database.exec("insert into journal_migration values ('9999-from-the-future', 'x')");
      database.close();
    },
  ],
])('a file that %s is refused as %s, and left as it is', async (_what, kind, spoil) => {
  const file = await writtenFile();
  spoil(file);
  const bytes = readFileSync(file);
  const error = await failure(openSqliteJournal(file, { node: 'relay-2' }));
  expect(error.kind).toBe(kind);
  expect(error.message).toContain(file);
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test('identities and a journal do not take each other’s file', async () => {
  const identities = newFile();
  await (await openSqliteStore(identities)).close();
  expect((await failure(openSqliteJournal(identities, { node: 'relay-1' }))).kind).toBe('not-a-store');
  expect((await failure(openSqliteStore(await writtenFile()))).kind).toBe('not-a-store');
});

test('a log that breaks off gives what was written whole', async () => {
  const file = newFile();
  const journal = await open(file);
  for (let index = 0; index < 20; index++) {
    await offer(journal, accepted([patch(`/shop/${index}`, 1, null)]), accepted([]));
  }
  const copy = join(dirname(file), 'copy.db');
  copyFileSync(file, copy);
  for (const share of [0.9, 0.5, 0.1]) {
    copyFileSync(`${file}-wal`, `${copy}-wal`);
    truncateSync(`${copy}-wal`, Math.floor(statSync(`${file}-wal`).size * share));
    const opened = await open(copy, `relay-${share}`);
    const offset = await opened.offset();
    expect(offset).toBeLessThan(40);
    expect(offset % 2).toBe(0);
    expect((await listed(opened, { tenant: 'acme', limit: 100 })).map((push) => push.offset)).toHaveLength(
      offset,
    );
    expect((await verifyAudit(await opened.audit.rows(undefined, 100))).faults).toEqual([]);
    await opened.close();
    copyFileSync(file, copy);
  }
});

/** Starts another process that writes to the file, and reads what it says line by line. */
const startHolder = (file: string) => {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./journal-holder.ts')), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
};

test('kill -9 in the middle of commits loses nothing that was answered, and leaves no group in part', async () => {
  const file = newFile();
  mkdirSync(dirname(file));
  let known = 0;
  for (const groups of [1, 7, 40]) {
    const { child, lines } = startHolder(file);
    expect((await lines.next()).value).toBe('open');
    const answered: string[] = [];
    while (answered.length < groups) answered.push(String((await lines.next()).value));
    if (groups === 40) expect((await failure(openSqliteJournal(file, { node: 'late' }))).kind).toBe('in-use');
    child.kill('SIGKILL');
    await once(child, 'exit');
    for await (const line of lines) answered.push(line);

    const journal = await open(file, `reader-${groups}`);
    const offsets = answered.flatMap((line) => line.split(' ').map(Number));
    const stored = await journal.at(offsets);
    expect(stored.map(({ offset }) => offset)).toEqual(offsets);
    const all = await listed(journal, { tenant: 'acme', limit: 100_000 });
    // At most the group that was under way when it was killed.
    expect(all.length - known - offsets.length).toBeOneOf([0, 2]);
    known = all.length;
    // Each push has its head and its row of the audit, and each group the moves of the one before.
    for (const { facts, offset } of all) {
      const { resource } = facts.signed!.patches[0]!;
      expect(await journal.heads(place, [resource])).toMatchObject([{ offset }]);
    }
    const rows = await rowsOf(journal.audit);
    expect(rows.filter(({ event }) => event === 'accepted')).toHaveLength(known);
    expect((await verifyAudit(await journal.audit.rows(undefined, 100_000))).faults).toEqual([]);
    const owed = await listed(journal, { tenant: 'acme', open: true, limit: 100_000 });
    expect(owed.length % 2).toBe(0);
    await journal.close();
  }
});

test('a full disk refuses a group whole, and when there is room again, all goes on', async () => {
  const file = newFile();
  let database: DatabaseSync | undefined;
  const journal = await openSqliteFile(file, sqliteJournalTables, (opened) => {
    database = opened;
    return journalIn(opened, { node: 'relay-1', now: () => acceptedAt, isKept: true });
  });
  onTestFinished(() => journal.close());
  const before = await append(journal, accepted([patch('/shop/a', 1, null)]));
  const pages = Number(database!.prepare('pragma page_count').get()!['page_count']);
  database!.exec(`pragma max_page_count = ${pages + 4}`);

  const large = accepted([patch('/shop/b', 1, null)], {
    contents: [{ digest: '/shop/b@1', body: 'x'.repeat(200_000) }],
  });
  const group = { offers: [offerOf(accepted([patch('/shop/c', 1, null)])), offerOf(large)] };
  await expect(commit(journal, group)).rejects.toThrow(/full/);
  await expect(commit(journal, group)).rejects.toThrow(/full/);
  expect(await journal.offset()).toBe(1);
  expect(await journal.heads(place, ['/shop/c'])).toEqual([]);
  expect(await journal.find('acme', before.facts.pushGuid)).toEqual(before);
  expect(await rowsOf(journal.audit)).toHaveLength(2);

  database!.exec('pragma max_page_count = 1000000');
  expect(await commit(journal, group)).toMatchObject({
    offers: [
      { outcome: 'appended', offset: 2 },
      { outcome: 'appended', offset: 3 },
    ],
  });
  expect((await verifyAudit(await journal.audit.rows(undefined, 9))).faults).toEqual([]);
});

/** How durable each commit was that there has been since, in their order. */
const watchCommits = (): (() => string[]) => {
  const executed = vi.spyOn(DatabaseSync.prototype, 'exec').mock;
  const run = vi.spyOn(StatementSync.prototype, 'run').mock;
  return () => {
    const pragmas = executed.calls.map(([sql], index) => ({
      sql,
      order: executed.invocationCallOrder[index]!,
    }));
    const statements = run.contexts.map((statement, index) => ({
      sql: (statement as StatementSync).sourceSQL,
      order: run.invocationCallOrder[index]!,
    }));
    let mode = 'full';
    return [...pragmas, ...statements]
      .toSorted((one, other) => one.order - other.order)
      .flatMap(({ sql }) => {
        mode = /^pragma synchronous = (\w+)$/.exec(sql)?.[1] ?? mode;
        return sql === 'commit' ? [mode] : [];
      });
  };
};

test('rows by themselves are on the disk when they were appended, and all that were written before once that is settled', async () => {
  const file = newFile();
  const journal = await open(file);
  const commits = watchCommits();
  const logged = (): number => statSync(`${file}-wal`).size;
  await journal.audit.append([auditEntry()]);
  await commit(journal, { audit: [auditEntry()] });
  const before = { log: logged(), rows: await rowsOf(journal.audit) };
  await journal.audit.settle();
  // The third brings the tables along, for who reads them.
  expect(commits()).toEqual(['full', 'normal', 'normal', 'full']);
  // Of a commit that changes nothing SQLite syncs nothing.
  expect(logged()).toBeGreaterThan(before.log);
  expect(await rowsOf(journal.audit)).toEqual(before.rows);
});

test('a thousand recipients cost one commit for each group and one for the tables, not a thousand', async () => {
  const journal = await open(newFile());
  const recipients = Array.from({ length: 1_000 }, (_, index) => recipient('r', `${index}`));
  const commits = watchCommits();
  const push = await append(journal, accepted([patch('/shop/a', 1, null)], { recipients }));
  // What is read back is in the tables.
  expect(commits()).toEqual(['full', 'normal']);
  for (const event of [pushed(), completed()]) {
    await commit(journal, {
      moves: recipients.map((to) => moveOf(push, to, event)),
      audit: [auditEntry({ event: 'delivered', targets: recipients })],
    });
  }
  expect(commits()).toEqual(['full', 'normal', 'normal', 'normal']);
  expect((await journal.openFor('acme', recipients)).length).toBe(0);
});

test('what was accepted, ruled or begun anew is on the disk when it is answered; what can be had again need not be', async () => {
  const journal = await open(newFile());
  const commits = watchCommits();
  const push = await append(journal, accepted([]));
  await commit(journal, { moves: [moveOf(push, recipient('r'), pushed())] });
  await commit(journal, { audit: [auditEntry()] });
  const policy = {
    target: { guid: 'r' },
    hold: true,
    silent: false,
    mode: 'hybrid',
    by: 'ada',
    at: acceptedAt,
  } as const;
  await commit(journal, { policies: [{ tenant: 'acme', policy }] });
  await journal.putContent('acme', { digest: 'd', body: '' }, { subject: 'ada', at: acceptedAt });
  await append(journal, accepted([]));
  const relayed = { stage: 'relayed', times: { initialized: acceptedAt, relayed: acceptedAt } } as const;
  await commit(journal, {
    moves: [{ push: push.offset, recipient: recipient('r'), track: { attempt: 2, state: relayed } }],
  });
  // A push, and the tables for who reads it; a move, rows of the audit, and the tables before a policy; the policy, a content;
  // a push, and the tables; a further attempt.
  expect(commits().join(' ')).toBe('full normal normal normal normal full full full normal full');
});

test('a journal in memory leaves no file', async () => {
  const journal = await open(':memory:');
  await append(journal, accepted([]));
  expect(existsSync(':memory:')).toBe(false);
});
