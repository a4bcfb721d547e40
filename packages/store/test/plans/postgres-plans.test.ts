import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { journalTables } from '../../src/journal/migrations.ts';
import { journalShapes } from '../../src/journal/tables.ts';
import { PostgresDatabase } from '../../src/postgres/postgres-database.ts';
import { openPool } from '../../src/postgres/postgres-pool.ts';
import { postgresSpelling } from '../../src/postgres/postgres-spelling.ts';
import { postgresStatements } from '../../src/postgres/postgres-statements.ts';
import { withWriteMarks } from '../../src/postgres/write-marks.ts';
import { Statements } from '../../src/statements/statements.ts';
import { askAll, type Asked } from './hot-queries.ts';
import { fillings, largeTables } from './million.ts';

const isThere = await hasPostgres();

/** A part of what `explain (format json)` tells. */
interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Plan[];
}

const partsOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(partsOf)];

/** Rows that were looked at, of whatever table, in all. */
const looksOf = (plan: Plan): number =>
  partsOf(plan).reduce((sum, part) => {
    const each =
      (part['Actual Rows'] ?? 0) +
      (part['Rows Removed by Filter'] ?? 0) +
      (part['Rows Removed by Join Filter'] ?? 0);
    return sum + each * (part['Actual Loops'] ?? 1);
  }, 0);

describe.runIf(isThere)('with a million pushes in PostgreSQL', () => {
  const schema = newSchema();
  const client = new Client({ connectionString: databaseUrl });
  let asked: Asked[] = [];

  /** Fills the tables while they have no indexes, which are made at the end, and without any care for a loss of power. */
  const fill = async (): Promise<void> => {
    await client.query(`set search_path to ${schema}; set maintenance_work_mem = '128MB'`);
    const { rows: indexes } = await client.query<{ name: string; definition: string }>(
      `select indexname as name, indexdef as definition from pg_indexes
       where schemaname = $1 and indexname not in (select conname from pg_constraint)`,
      [schema],
    );
    for (const { name } of indexes) await client.query(`drop index ${name}`);
    for (const table of largeTables) await client.query(`alter table ${table} set unlogged`);
    const numbers = (upTo: number): string => `generate_series(1, ${upTo}) as numbers (n)`;
    for (const filling of fillings(numbers, "'\\x78'")) await client.query(filling);
    for (const { definition } of indexes) await client.query(definition);
    await client.query('analyze');
  };

  beforeAll(async () => {
    await client.connect();
    const { pool } = await openPool(
      { url: databaseUrl, schema },
      withWriteMarks(journalTables(postgresSpelling)),
    );
    const database = new PostgresDatabase(pool);
    const statements = new Statements(postgresStatements, journalShapes);
    await fill();
    asked = await askAll(database, statements);
    await database.close();
  }, 300_000);
  afterAll(() => client.end());

  /** The plan of a statement as it is prepared, which is made once for all values or each time for those that are given. */
  const planOf = async ({ call: { sql, runs, isAsked } }: Asked, mode: string): Promise<Plan> => {
    const values = (runs[0] ?? []).map(literal).join(', ');
    await client.query(`set plan_cache_mode = ${mode}; prepare asked as ${sql}`);
    try {
      await client.query('begin');
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        // What writes is not run.
        `explain (format json${isAsked ? ', analyze' : ''}) execute asked${values === '' ? '' : `(${values})`}`,
      );
      return rows[0]!['QUERY PLAN'][0].Plan;
    } finally {
      await client.query('rollback; deallocate asked');
    }
  };

  test.each(['force_custom_plan', 'force_generic_plan'])(
    'every query that is asked all day finds its rows by an index, with %s',
    async (mode) => {
      const faults: unknown[] = [];
      // What is done once a day may well read a table from end to end.
      for (const one of asked.filter(({ query }) => query !== 'prune')) {
        const plan = await planOf(one, mode);
        const scanned = partsOf(plan)
          .filter((part) => part['Node Type'] === 'Seq Scan')
          .map((part) => part['Relation Name'])
          .filter((table) => largeTables.some((large) => large === table));
        // The heads of a module are a thousand; nothing else has more rows than that.
        const looks = looksOf(plan);
        if (scanned.length > 0 || looks > 5_000)
          faults.push({ query: one.query, name: one.call.name, scanned, looks });
      }
      expect(faults).toEqual([]);
      expect(asked.length).toBeGreaterThan(50);
    },
  );
});

/** A value without a type of its own, so that it takes on the parameter's. */
const literal = (value: unknown): string => {
  if (value === null) return 'null';
  const text = Array.isArray(value) ? `{${value.map(itemOf).join(',')}}` : textOf(value);
  return `'${text.replaceAll("'", "''")}'`;
};

const itemOf = (value: unknown): string =>
  value === null ? 'null' : `"${textOf(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const textOf = (value: unknown): string =>
  value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value);
