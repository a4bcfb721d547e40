import { randomUUID } from 'node:crypto';

import { Client } from 'pg';
import { afterAll } from 'vitest';

import { isReached } from './reach.ts';

/** The database that tests may use; each in schemas of its own. */
export const databaseUrl = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test';

/** Runs statements on a connection of their own. */
const query = async (...statements: readonly string[]): Promise<void> => {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
};

export const hasPostgres = (): Promise<boolean> =>
  isReached(`PostgreSQL at ${databaseUrl}`, () => query('select 1'));

const schemas = new Set<string>();

/** Name of a schema that is dropped when the tests of the file have run. */
export const newSchema = (): string => {
  const schema = `test_${randomUUID().replaceAll('-', '')}`;
  schemas.add(schema);
  return schema;
};

export const dropSchemas = async (): Promise<void> => {
  if (schemas.size > 0)
    await query(...[...schemas].map((schema) => `drop schema if exists ${schema} cascade`));
  schemas.clear();
};
afterAll(dropSchemas);
