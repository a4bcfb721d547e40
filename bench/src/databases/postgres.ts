import { randomUUID } from 'node:crypto';

import { Client } from 'pg';
import { Type } from 'typebox';
import { Check } from 'typebox/value';

/** The server in which schemas are made; that of the project's tests by default. */
const databaseUrl = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
const connectWithinMs = 5_000;

const Setting = Type.Array(Type.Object({ setting: Type.String() }), { minItems: 1 });

/** A schema of its own in a PostgreSQL that is there. Disposing of it drops it. */
export class Schema implements AsyncDisposable {
  readonly url = databaseUrl;
  readonly name = `bench_${randomUUID().replaceAll('-', '')}`;

  /** What the server is asked to have on its disk before it answers a commit. */
  static policy(): Promise<string> {
    return withClient(async (client) => {
      const setting = async (name: string): Promise<string> => {
        const { rows } = await client.query('select current_setting($1) as setting', [name]);
        if (!Check(Setting, rows)) throw new TypeError(`PostgreSQL has no setting ${name}.`);
        return rows[0]?.setting ?? '';
      };
      const settings = [`PostgreSQL ${await setting('server_version')}`];
      for (const name of ['fsync', 'synchronous_commit', 'wal_sync_method'])
        settings.push(`${name} ${await setting(name)}`);
      return settings.join(', ');
    });
  }

  /** Bytes of its tables with their indexes and what is kept beside them. */
  bytes(): Promise<number> {
    const sizes = `select coalesce(sum(pg_total_relation_size(oid)), 0)::text as setting from pg_class
      where relnamespace = $1::regnamespace and relkind = 'r'`;
    return withClient(async (client) => {
      const { rows } = await client.query(sizes, [this.name]);
      if (!Check(Setting, rows)) throw new TypeError('PostgreSQL does not say how large a schema is.');
      return Number(rows[0]?.setting);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await withClient((client) => client.query(`drop schema if exists ${this.name} cascade`));
  }
}

/** Why there is no PostgreSQL here; undefined where there is one. */
export const whyNoPostgres = async (): Promise<string | undefined> => {
  try {
    await withClient((client) => client.query('select 1'));
    return undefined;
  } catch (error) {
    return `no PostgreSQL at DATABASE_URL: ${error instanceof Error ? error.message : String(error)}`;
  }
};

const withClient = async <Value>(work: (client: Client) => Promise<Value>): Promise<Value> => {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: connectWithinMs });
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
};
