import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

import { openSqliteStore, StoreError } from '../src/index.ts';
import { at, makeRuntime, makeUser, newSession } from './contract/samples.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
let files = 0;
const newFile = (): string => join(folder, `${files++}`, 'store.db');

const failure = async (opening: Promise<unknown>): Promise<StoreError> => {
  const error: unknown = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
};

/** Starts another process that writes to the file, and reads what it says line by line. */
const startHolder = (file: string) => {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./holder.ts')), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
};

test('what was kept is there after a restart', async () => {
  const file = newFile();
  const first = await openSqliteStore(file);
  const id = await makeUser(first, 'Ada');
  const session = await first.sessions.create(newSession(id));
  await first.close();

  const second = await openSqliteStore(file);
  expect(await second.users.get(id)).toMatchObject({ name: 'Ada' });
  expect(await second.sessions.get(session.id)).toEqual(session);
  expect(await second.changes.head()).toBe(1);
  await second.close();
});

test('runtimes from before it was taken down count as having connected', async () => {
  const file = newFile();
  const first = await openSqliteStore(file);
  const guid = await makeRuntime(first, await makeUser(first, 'Ada'));
  await first.close();
  const db = new DatabaseSync(file);
  db.exec(`
    drop table identity_audit;
    drop table identity_audit_chains;
    drop table identity_audit_cuts;
    drop table spent_nonces;
    drop table issuer_name;
    drop table identity_events;
    drop table identities;
    drop index sessions_identity;
    alter table sessions drop column identity;
    alter table sessions drop column delegation;
    create table refresh_tokens (hash text);
    alter table join_codes drop column identities;
    alter table join_codes drop column approvals;
    alter table runtimes drop column approvals;
    drop index subscriptions_by_user;
    drop index subscriptions_by_runtime;
    drop index issuer_keys_first;
    alter table issuer_keys drop column first;
    alter table runtimes drop column connected_at;
    delete from kysely_migration where name >= '0002'`);
  db.close();

  const second = await openSqliteStore(file);
  const runtime = await second.runtimes.get(guid);
  expect(runtime?.connectedAt).toBe(runtime?.createdAt);
  await second.close();
});

test('the file and its log can be read by their owner alone', async () => {
  const file = newFile();
  const store = await openSqliteStore(file);
  await makeUser(store, 'Ada');
  for (const name of [file, `${file}-wal`]) expect(statSync(name).mode & 0o077).toBe(0);
  await store.close();
});

test('a second store of the same process is refused while the first is open', async () => {
  const file = newFile();
  const first = await openSqliteStore(file);
  const error = await failure(openSqliteStore(file));
  expect(error).toMatchObject({ kind: 'in-use' });
  expect(error.message).toContain(file);
  await first.close();
  await (await openSqliteStore(file)).close();
});

test('a second process is refused, and kill -9 of the first loses nothing that it confirmed', async () => {
  const file = newFile();
  const { child, lines } = startHolder(file);
  expect((await lines.next()).value).toBe('open');
  const confirmed: string[] = [];
  while (confirmed.length < 20) confirmed.push(String((await lines.next()).value));
  expect((await failure(openSqliteStore(file))).kind).toBe('in-use');

  child.kill('SIGKILL');
  await once(child, 'exit');
  for await (const line of lines) confirmed.push(line);

  const store = await openSqliteStore(file);
  const names = new Set((await store.users.list()).map(({ name }) => name));
  expect(confirmed.filter((name) => name.startsWith('user-') && !names.has(name))).toEqual([]);
  // Each user has its row of the feed: both were in one commit.
  expect(await store.changes.head()).toBe(names.size);
  await store.close();
});

test('a file of a newer version is refused', async () => {
  const file = newFile();
  await (await openSqliteStore(file)).close();
  const database = new DatabaseSync(file);
  database
    .prepare('insert into kysely_migration (name, timestamp) values (?, ?)')
    .run('9999-from-the-future', 'x');
  database.close();
  const error = await failure(openSqliteStore(file));
  expect(error.kind).toBe('newer-schema');
  expect(error.message).toContain('9999-from-the-future');
});

test('a file of something else is refused and left as it is', async () => {
  const file = join(folder, 'notes.txt');
  writeFileSync(
    file,
    'not a database, but longer than the header of one would be, so that it is read as one. '.repeat(20),
  );
  const { size } = statSync(file);
  expect((await failure(openSqliteStore(file))).kind).toBe('not-a-store');
  expect(statSync(file).size).toBe(size);
});

test('commits go to a write-ahead log', async () => {
  const file = newFile();
  const store = await openSqliteStore(file);
  await makeUser(store, 'Ada');
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  await store.close();
  const database = new DatabaseSync(file, { readOnly: true });
  expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
  database.close();
});

test('a step that fails leaves nothing behind', async () => {
  const file = newFile();
  const store = await openSqliteStore(file);
  const id = await makeUser(store, 'Ada');
  const session = newSession(id);
  await store.sessions.create(session);
  const twice = store.sessions.create(session);
  await expect(twice).rejects.toThrow(/unique/i);
  await store.users.setRoles(id, ['admin'], at);
  expect((await store.users.get(id))?.roles).toEqual(['admin']);
  await store.close();
});
