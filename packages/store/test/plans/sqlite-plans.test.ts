import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';

import { journalShapes } from '../../src/journal/tables.ts';
import { openSqliteJournal } from '../../src/index.ts';
import { sqliteJournalTables } from '../../src/sqlite/open-sqlite-journal.ts';
import { SqliteDatabase } from '../../src/sqlite/sqlite-database.ts';
import { openSqliteFile } from '../../src/sqlite/sqlite-file.ts';
import { sqliteStatements } from '../../src/sqlite/sqlite-statements.ts';
import { Statements } from '../../src/statements/statements.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { askAll, type Asked } from './hot-queries.ts';
import { fillings } from './million.ts';

const file = join(temporaryFolder(), 'million.db');

/** Fills the file while it has no indexes, which are made at the end, and without any care for a loss of power. */
const fill = async (): Promise<void> => {
  await (await openSqliteJournal(file, { node: 'relay-first' })).close();
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -200000; begin');
  const indexes = database
    .prepare("select name, sql from sqlite_master where type = 'index' and sql is not null")
    .all();
  for (const { name } of indexes) database.exec(`drop index ${String(name)}`);
  const numbers = (upTo: number): string =>
    `(with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${upTo}) select n from numbers)`;
  for (const filling of fillings(numbers, "x'78'")) database.exec(filling);
  for (const { sql } of indexes) database.exec(String(sql));
  database.exec('commit');
  database.close();
};

describe('with a million pushes in SQLite', () => {
  let asked: Asked[] = [];
  let plans: { readonly query: string; readonly name: string; readonly steps: string[] }[] = [];

  beforeAll(async () => {
    await fill();
    await openSqliteFile(file, sqliteJournalTables, async (database) => {
      asked = await askAll(new SqliteDatabase(database), new Statements(sqliteStatements, journalShapes));
      plans = asked.map(({ query, call: { name, sql, runs } }) => ({
        query,
        name,
        steps: database
          .prepare(`explain query plan ${sql}`)
          .all(...(runs[0] as SQLInputValue[]))
          .map(({ detail }) => String(detail)),
      }));
      database.close();
    });
  }, 300_000);

  test('every query that is asked all day finds its rows by an index', () => {
    // Rows of the input, or a table that has few whatever happens.
    const harmless = /^SCAN (input|CONSTANT ROW|journal|audit_chains|audit_cuts|presence|nodes|policies)\b/;
    const scans = plans.flatMap(({ query, name, steps }) =>
      steps
        .filter((step) => step.startsWith('SCAN') && !harmless.test(step))
        .map((step) => ({ query, name, step })),
    );
    expect(scans).toEqual([]);
    expect(plans.length).toBeGreaterThan(50);
  });

  test('what is asked for in an order comes from an index in that order', () => {
    // But for the few chains of the audit.
    const ordered = plans.filter(({ name }) => name !== 'audit-heads');
    const sorted = ordered.flatMap(({ query, name, steps }) =>
      steps
        .filter((step) => step.includes('TEMP B-TREE FOR') && !step.includes('LAST'))
        .map((step) => ({ query, name, step })),
    );
    expect(sorted).toEqual([]);
  });
});
