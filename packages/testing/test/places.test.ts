import { Client } from 'pg';
import { createClient } from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';

import { databaseUrl, dropSchemas, hasPostgres, newSchema } from '../src/postgres.ts';
import { deleteKeys, hasRedis, newPrefix, redisUrl } from '../src/redis.ts';

describe.runIf(await hasPostgres())('schemas', () => {
  test('are a test file’s own, and go away with it', async () => {
    const [schema, other] = [newSchema(), newSchema()];
    expect(schema).not.toBe(other);
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    onTestFinished(() => client.end());
    await client.query(`create schema ${schema}; create table ${schema}.things (id integer)`);
    await dropSchemas();
    const { rows } = await client.query('select 1 from pg_namespace where nspname = $1', [schema]);
    expect(rows).toEqual([]);
  });
});

describe.runIf(await hasRedis())('prefixes', () => {
  test('are a test file’s own, and their keys go away with it', async () => {
    const [prefix, other] = [newPrefix(), newPrefix()];
    expect(prefix).not.toBe(other);
    const client = createClient({ url: redisUrl });
    await client.connect();
    onTestFinished(() => client.destroy());
    await client.set(`${prefix}key`, 'value');
    await deleteKeys();
    expect(await client.exists(`${prefix}key`)).toBe(0);
  });
});
