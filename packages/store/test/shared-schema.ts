import { databaseUrl, newSchema } from '@cd-push/testing';
import { Client } from 'pg';
import { afterAll } from 'vitest';

/** A schema for a whole file, and what empties it: quicker than a new one for each test. */
export const sharedSchema = (): { readonly schema: string; readonly empty: () => Promise<void> } => {
  const schema = newSchema();
  let client: Client | undefined;
  afterAll(() => client?.end());
  return {
    schema,
    empty: async () => {
      if (client === undefined) {
        client = new Client({ connectionString: databaseUrl });
        await client.connect();
      }
      const { rows } = await client.query<{ name: string }>(
        `select tablename as name from pg_tables where schemaname = $1 and tablename not like '%_migration%'`,
        [schema],
      );
      await client.query(rows.map(({ name }) => `delete from ${schema}.${name}`).join(';'));
    },
  };
};
