import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Pool, TypeOverrides, types, type ClientBase, type PoolConfig } from 'pg';

import { StoreError } from '../ports/store.ts';
import { refuseNewerSteps, type TableSet } from '../statements/table-set.ts';
import { wordsOf } from '../statements/words-of.ts';
import { SchemaDialect } from './schema-dialect.ts';

/** Where tables lie in a PostgreSQL server. */
export interface PostgresPlace {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Lower-case letters, digits and underscores; made where it is missing. Default `cd_push`. */
  readonly schema?: string | undefined;
}

/** Milliseconds within which a connection is made. */
const connectWithinMs = 5_000;
/**
 * Milliseconds within which a statement is answered, and within which it gets the locks that it waits for. A process that
 * stops in the middle of a transaction is cut off by the server before those who wait for it give up.
 */
const answerWithinMs = 20_000;
const lockWithinMs = 10_000;
const idleInTransactionMs = 5_000;

/**
 * Opens connections to a schema, and brings its tables up to date before; of several processes that start at once, one does.
 *
 * @throws {StoreError} `unreachable`, or `newer-schema` than this program knows; nothing was changed then.
 */
export const openPool = async (
  { url, schema = 'cd_push' }: PostgresPlace,
  set: TableSet,
): Promise<{ readonly pool: Pool; readonly schema: string }> => {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new TypeError(
      `"${schema}" does not name a schema: take lower-case letters, digits and underscores.`,
    );
  }
  const config: PoolConfig = {
    connectionString: url,
    connectionTimeoutMillis: connectWithinMs,
    keepAlive: true,
    fallback_application_name: 'cd-push',
    types: numbers,
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it, which its types do not say
    onConnect: (client) => settle(client, schema),
  };
  await prepareTables(config, schema, set);
  const pool = newPool({
    ...config,
    pipeline: true,
    query_timeout: answerWithinMs,
    statement_timeout: answerWithinMs,
    lock_timeout: lockWithinMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  });
  return { pool, schema };
};

/**
 * A connection that breaks is replaced by the next. Without listeners it would end the process: the pool's own is away
 * while somebody has the connection, between whose statements it may break too.
 */
const newPool = (config: PoolConfig): Pool =>
  new Pool(config).on('error', () => {}).on('connect', (client) => void client.on('error', () => {}));

/** Once for each connection, and not by the parameters of the URL, which may have its own. */
const settle = async (client: ClientBase, schema: string): Promise<void> => {
  // What is answered is on the disk, however the server is set up.
  await client.query(`
    set search_path to "${schema}";
    select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`);
};

const prepareTables = async (config: PoolConfig, schema: string, set: TableSet): Promise<void> => {
  const pool = newPool({ ...config, max: 1 });
  try {
    await reach(pool, config);
    await refuseNewerSchema(pool, schema, set);
    const migrator = new Migrator({
      db: new Kysely<unknown>({ dialect: new SchemaDialect({ pool }, schema) }),
      provider: { getMigrations: async () => ({ ...set.migrations }) },
      migrationTableSchema: schema,
      migrationTableName: set.migrationTable,
      migrationLockTableName: `${set.migrationTable}_lock`,
    });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) {
      throw new Error(
        `The tables in the schema ${schema} could not be brought up to date: ${wordsOf(error)}`,
        { cause: error },
      );
    }
  } finally {
    await pool.end();
  }
};

const reach = async (pool: Pool, { connectionString = '' }: PoolConfig): Promise<void> => {
  try {
    await pool.query('select 1');
  } catch (error) {
    throw new StoreError(
      'unreachable',
      `The database at ${withoutSecrets(connectionString)} cannot be opened: ${adviceOn(error)}`,
      { cause: error },
    );
  }
};

/** Codes of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html) and of connections. */
const adviceOn = (error: unknown): string => {
  const words = wordsOf(error);
  switch (codeOf(error)) {
    case '3D000':
      return `${words}. Make it, or have DATABASE_URL name another one.`;
    case '28P01':
    case '28000':
      return `${words}. See that DATABASE_URL has the right user and password.`;
    case '53300':
    case '57P03':
      return `${words}. Try again in a moment.`;
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${words}. See that it runs, and that DATABASE_URL names its host and port.`;
    default:
      return `${words}. See that it runs, and that DATABASE_URL names it.`;
  }
};

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

const withoutSecrets = (url: string): string => {
  if (!URL.canParse(url)) return 'DATABASE_URL';
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
};

const refuseNewerSchema = async (pool: Pool, schema: string, set: TableSet): Promise<void> => {
  const { rows: made } = await pool.query(
    'select 1 from pg_catalog.pg_tables where schemaname = $1 and tablename = $2',
    [schema, set.migrationTable],
  );
  if (made.length === 0) return;
  const { rows } = await pool.query<{ name: unknown }>(`select name from "${set.migrationTable}"`);
  refuseNewerSteps(
    `The schema ${schema}`,
    set,
    rows.map(({ name }) => name),
  );
};

/** Places and times are numbers: none of them reaches where a double ceases to be exact. */
const numbers = new TypeOverrides();
numbers.setTypeParser(types.builtins.INT8, Number);
