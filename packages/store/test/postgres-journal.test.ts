import { databaseUrl, hasPostgres, isReached, newSchema } from '@cd-push/testing';
import { epochMs } from '@cd-push/protocol';
import { verifyAudit } from '@cd-push/timeline';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';

import { openPostgresJournal, openPostgresStore, StoreError, type JournalStore } from '../src/index.ts';
import { rowsOf } from './contract/audit-rows.ts';
import {
  accepted,
  append,
  auditEntry,
  commit,
  completed,
  moveOf,
  offer,
  offerOf,
  patch,
  place,
  pushed,
  recipient,
} from './contract/journal-samples.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { askForPrograms, OwnPostgres } from './own-postgres.ts';

const isThere = await hasPostgres();

const open = async (schema: string, node = 'relay-1', url = databaseUrl): Promise<JournalStore> => {
  const journal = await openPostgresJournal({ url, schema, node });
  onTestFinished(() => journal.close());
  return journal;
};

const newClient = async (): Promise<Client> => {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
};

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** Why something is refused, from the moment on that this is called. */
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );

const failure = async (opening: Promise<unknown>): Promise<StoreError> => {
  const error = await rejection(opening);
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
};

describe.runIf(isThere)('several processes on one journal', () => {
  test('what one writes another reads, in the same epoch and order', async () => {
    const schema = newSchema();
    const [one, other] = [await open(schema, 'relay-1'), await open(schema, 'relay-2')];
    expect(other.epoch).toBe(one.epoch);
    expect([one.isShared, other.isShared]).toEqual([true, true]);
    const push = await append(one, accepted([patch('/shop/a', 1, null)]));
    const move = moveOf(push, recipient('r'), pushed());
    await commit(other, { moves: [move] });
    expect(await one.written(0, 10)).toEqual(await other.written(0, 10));
    expect((await one.written(0, 10)).moves).toEqual([{ ...move, offset: 2 }]);
    expect(await append(one, accepted([]))).toMatchObject({ offset: 3 });
  });

  test('of what they offer at once each guid and each head is given once, and places are without a gap', async () => {
    const schema = newSchema();
    const journals = [
      await open(schema, 'relay-1'),
      await open(schema, 'relay-2'),
      await open(schema, 'relay-3'),
    ];
    const same = accepted([]);
    const rounds = Array.from({ length: 10 }, (_, round) =>
      journals.map((journal) =>
        offer(journal, same, accepted([patch(`/shop/${round}`, 1, null)]), accepted([])),
      ),
    );
    const taken = (await Promise.all(rounds.flat())).flat();
    const offsets = taken.flatMap((one) => (one.outcome === 'appended' ? [one.offset] : []));
    expect(offsets.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 1 + 10 + 30 }, (_, index) => index + 1),
    );
    expect(taken.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(29);
    expect(taken.filter(({ outcome }) => outcome === 'misfit')).toHaveLength(20);
  });

  test('a reader never sees a place before those below it, though a transaction is held open; with a sequence it would', async () => {
    const schema = newSchema();
    const proxy = await CuttingProxy.before(databaseUrl);
    const slow = await open(schema, 'relay-slow', proxy.url);
    const quick = await open(schema, 'relay-quick');
    const reader = await open(schema, 'relay-reader');

    const held = proxy.next('commit', 'held');
    const first = offer(slow, accepted([patch('/shop/first', 1, null)]));
    await held;
    let isAnswered = false;
    const second = offer(quick, accepted([patch('/shop/second', 1, null)])).finally(
      () => (isAnswered = true),
    );
    const client = await newClient();
    await until(async () => {
      const { rowCount } = await client.query(
        `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%"journal"%for update%'`,
      );
      return rowCount === 1;
    });
    expect(isAnswered).toBe(false);
    expect(await reader.offset()).toBe(0);
    expect(await reader.written(0, 10)).toMatchObject({ pushes: [], offset: 0 });
    proxy.release();
    expect([await first, await second]).toEqual([
      [{ outcome: 'appended', offset: 1 }],
      [{ outcome: 'appended', offset: 2 }],
    ]);
    expect((await reader.written(0, 10)).pushes).toHaveLength(2);

    // The same with positions from a sequence: who reads on from the latest that is seen loses the one before.
    const [holder, passer] = [await newClient(), await newClient()];
    await client.query(`create table ${schema}.plain (position bigserial)`);
    const insert = `insert into ${schema}.plain default values returning position`;
    const read = (after: string) =>
      client.query<{ position: string }>(`select position from ${schema}.plain where position > $1`, [after]);
    await holder.query('begin');
    await holder.query(insert);
    await passer.query(insert);
    const seen = await read('0');
    expect(seen.rows).toEqual([{ position: '2' }]);
    await holder.query('commit');
    expect((await read('2')).rows).toEqual([]);
    expect((await read('0')).rows).toHaveLength(2);
  });

  test('a process that stops in the middle of a transaction is cut off, and the others go on', async () => {
    const schema = newSchema();
    const proxy = await CuttingProxy.before(databaseUrl);
    const stopped = await open(schema, 'relay-stopped', proxy.url);
    const other = await open(schema, 'relay-other');
    const held = proxy.next('commit', 'held');
    const lost = offer(stopped, accepted([patch('/shop/a', 1, null)]));
    const refused = rejection(lost);
    await held;
    expect(await offer(other, accepted([patch('/shop/a', 1, null)]))).toEqual([
      { outcome: 'appended', offset: 1 },
    ]);
    expect(await refused).toBeInstanceOf(Error);
    expect(await append(stopped, accepted([]))).toMatchObject({ offset: 2 });
  });

  test('a push that is let go of while it is read is not there, rather than there without its recipients', async () => {
    const schema = newSchema();
    const proxy = await CuttingProxy.before(databaseUrl);
    const [slow, quick] = [await open(schema, 'relay-slow', proxy.url), await open(schema, 'relay-quick')];
    const push = await append(quick, accepted([]));
    await commit(quick, { moves: [moveOf(push, recipient('r'), completed())] });
    const held = proxy.next('push-tracks', 'held');
    const found = slow.find('acme', push.facts.pushGuid);
    await held;
    const later = epochMs(push.facts.acceptedAt + 1);
    await quick.prune({
      pushesBefore: later,
      versions: 0,
      statementsBefore: epochMs(0),
      auditBefore: epochMs(0),
      editsBefore: epochMs(0),
      contentsBefore: epochMs(0),
    });
    proxy.release();
    expect(await found).toBeUndefined();
  });

  test('each writes a chain of its own, and every chain holds', async () => {
    const schema = newSchema();
    const journals = [await open(schema, 'relay-1'), await open(schema, 'relay-2')];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        journals[index % 2]!.audit.append([auditEntry(), auditEntry()]),
      ),
    );
    const [one] = journals;
    const heads = await one!.audit.heads(10);
    expect(heads.map(({ sequence }) => sequence)).toEqual([21, 21]);
    expect(
      (await rowsOf(journals[1]!.audit)).find(({ node, sequence }) => node === 'relay-2' && sequence === 1),
    ).toMatchObject({ event: 'opened', heads: [{ node: 'relay-1', sequence: 1 }] });
    expect(await verifyAudit(await one!.audit.rows(undefined, 100), { heads })).toMatchObject({
      rows: 42,
      faults: [],
      chains: [{ kind: 'proven' }, { kind: 'proven' }],
    });
  });

  test('old rows that several let go of at once are gone, and every chain still holds', async () => {
    const schema = newSchema();
    const journals = [
      await open(schema, 'relay-1'),
      await open(schema, 'relay-2'),
      await open(schema, 'relay-3'),
    ];
    for (const journal of journals) await journal.audit.append([auditEntry(), auditEntry()]);
    const soon = epochMs(Date.now() + 60_000);
    await Promise.all(journals.map((journal) => journal.audit.prune(soon)));
    const heads = await journals[0]!.audit.heads(10);
    const verdict = await verifyAudit(await journals[0]!.audit.rows(undefined, 100), { heads });
    expect(verdict.faults).toEqual([]);
  });

  test('tables are made once, however many start at once', async () => {
    const schema = newSchema();
    const opened = await Promise.all([
      ...Array.from({ length: 4 }, (_, index) => open(schema, `relay-${index}`)),
      ...Array.from({ length: 4 }, () => openPostgresStore({ url: databaseUrl, schema })),
    ]);
    for (const store of opened.slice(4)) await store.close();
    const journals = opened.slice(0, 4) as JournalStore[];
    expect(new Set(journals.map(({ epoch }) => epoch)).size).toBe(1);
    expect(await journals[0]!.audit.heads(10)).toHaveLength(4);
  });
});

describe.runIf(isThere)('a connection that is lost', () => {
  const opened = async () => {
    const proxy = await CuttingProxy.before(databaseUrl);
    return { proxy, journal: await open(newSchema(), 'relay-1', proxy.url) };
  };
  const group = () => ({ offers: [offerOf(accepted([patch('/shop/a', 1, null)]))], audit: [auditEntry()] });

  test.each(['offer-guids', 'offer-pushes', 'audit-insert', 'journal-update', 'commit'])(
    'at %s, refuses the group whole, and the next try is taken',
    async (text) => {
      const { proxy, journal } = await opened();
      await append(journal, accepted([]));
      const offered = group();
      const cut = proxy.next(text, 'lost');
      await expect(commit(journal, offered)).rejects.toThrow();
      await cut;
      expect(await journal.offset()).toBe(1);
      expect(await commit(journal, offered)).toMatchObject({ offers: [{ outcome: 'appended', offset: 2 }] });
      expect((await rowsOf(journal.audit)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    },
  );

  test('while a commit is answered, does not make it unknown: it is found to have been made, once', async () => {
    const { proxy, journal } = await opened();
    const push = await append(journal, accepted([]));
    const move = moveOf(push, recipient('r'), completed());
    const cut = proxy.next('commit', 'unanswered');
    const committed = await commit(journal, { ...group(), moves: [move] });
    await cut;
    expect(committed).toEqual({ offers: [{ outcome: 'appended', offset: 2 }], offset: 3, overtaken: [] });
    expect(await journal.heads(place, ['/shop/a'])).toMatchObject([{ offset: 2 }]);
    expect((await journal.at([1]))[0]?.tracks.get(recipient('r'))).toEqual(move.track);
    const texts = await journal.audit.rows(undefined, 10);
    expect(await verifyAudit(texts, { heads: await journal.audit.heads(1) })).toMatchObject({
      rows: 4,
      faults: [],
    });
  });

  test('while a commit is answered, is asked about until the database is there again', async () => {
    const { proxy, journal } = await opened();
    const cut = proxy.next('commit', 'unanswered');
    const committing = commit(journal, group());
    const later = commit(journal, { audit: [auditEntry()] });
    await cut;
    proxy.close();
    await expect(journal.offset()).rejects.toThrow();
    proxy.open();
    // The server had the commit before its connection was cut, or it had not; but what is answered is so.
    const outcome = await committing.then(
      () => 1,
      () => 0,
    );
    await later;
    expect(await journal.offset()).toBe(outcome);
    expect(await rowsOf(journal.audit)).toHaveLength(outcome === 1 ? 4 : 2);
  });

  test('while a commit is answered, is no reason to wait for ever: whoever closes the journal ends it', async () => {
    const { proxy, journal } = await opened();
    const cut = proxy.next('commit', 'held');
    const refused = rejection(commit(journal, group()));
    await cut;
    proxy.close();
    await journal.close();
    expect(await refused).toMatchObject({ message: 'The database was closed.' });
  });

  test('refuses everything while the database is away, and nothing afterwards', async () => {
    const { proxy, journal } = await opened();
    await append(journal, accepted([]));
    proxy.close();
    await expect(commit(journal, group())).rejects.toThrow();
    await expect(journal.find('acme', 'x')).rejects.toThrow();
    await expect(journal.audit.append([auditEntry()])).rejects.toThrow();
    proxy.open();
    expect(await append(journal, accepted([]))).toMatchObject({ offset: 2 });
  });

  test('while nobody used it goes unnoticed', async () => {
    const { proxy, journal } = await opened();
    await append(journal, accepted([]));
    proxy.cut();
    // The pool has heard of it by the time that a new connection was made by somebody else.
    await newClient();
    expect(await append(journal, accepted([]))).toMatchObject({ offset: 2 });
  });
});

const hasPrograms = await isReached('programs of PostgreSQL', askForPrograms);

describe.runIf(hasPrograms)('a server that is stopped in the middle of a commit', () => {
  test('does not make it committed, though another transaction gets its number after the recovery', async () => {
    // Nothing is on the disk before it is committed.
    const server = await OwnPostgres.make({ wal_writer_delay: '10s' });
    const proxy = await CuttingProxy.before(server.url);
    const schema = 'journal';
    const journal = await open(schema, 'relay-1', proxy.url);
    const other = await open(schema, 'relay-2', server.url);
    await append(journal, accepted([]));
    const held = proxy.next('commit', 'held');
    const refused = rejection(append(journal, accepted([])));
    await held;
    proxy.close();
    await server.stop();
    await server.start();
    const pushes = await Promise.all([1, 2, 3].map(() => append(other, accepted([]))));
    expect(pushes.map(({ offset }) => offset)).toEqual([2, 3, 4]);
    proxy.open();
    expect(await refused).toBeInstanceOf(Error);
    expect(await append(journal, accepted([]))).toMatchObject({ offset: 5 });
  });
});

describe.runIf(isThere)('a statement that fails', () => {
  test('refuses the group whole with its own reason, and leaves the connection well', async () => {
    const journal = await open(newSchema());
    const bad = accepted([], { recipients: [recipient('no text of PostgreSQL\u0000')] });
    await expect(offer(journal, accepted([]), bad)).rejects.toThrow(/invalid byte sequence/);
    expect(await journal.offset()).toBe(0);
    expect(await append(journal, accepted([]))).toMatchObject({ offset: 1 });
  });
});

describe.runIf(isThere)('a database', () => {
  test('that cannot be reached is named without its secrets', async () => {
    const url = 'postgres://relay:secret@127.0.0.1:1/journal';
    for (const opening of [openPostgresJournal({ url, node: 'relay-1' }), openPostgresStore({ url })]) {
      const error = await failure(opening);
      expect(error.kind).toBe('unreachable');
      expect(error.message).toContain('127.0.0.1:1/journal');
      expect(error.message).toContain('DATABASE_URL');
      expect(error.message).not.toContain('secret');
    }
  });

  test('of a newer version is refused and left as it is', async () => {
    const schema = newSchema();
    await (await openPostgresJournal({ url: databaseUrl, schema, node: 'relay-1' })).close();
    const client = await newClient();
    await client.query(`insert into ${schema}.journal_migration values ('9999-from-the-future', 'x')`);
    const error = await failure(openPostgresJournal({ url: databaseUrl, schema, node: 'relay-2' }));
    expect(error.kind).toBe('newer-schema');
    expect(error.message).toContain('9999-from-the-future');
    const { rows } = await client.query(`select node from ${schema}.audit`);
    expect(rows).toEqual([{ node: 'relay-1' }]);
  });

  test('is used in the schema that is named, whatever else its URL asks for', async () => {
    const schema = newSchema();
    const url = new URL(databaseUrl);
    url.searchParams.set('options', '-c search_path=public -c synchronous_commit=off');
    const journal = await open(schema, 'relay-1', url.href);
    await append(journal, accepted([]));
    const client = await newClient();
    const { rows } = await client.query(`select position from ${schema}.pushes`);
    expect(rows).toEqual([{ position: '1' }]);
  });

  test.each(['Upper', 'two words', '"quoted"', 'x; drop table users', '', '1st'])(
    'has no schema that is called %j',
    async (schema) => {
      await expect(openPostgresJournal({ url: databaseUrl, schema, node: 'relay-1' })).rejects.toThrow(
        TypeError,
      );
    },
  );
});
