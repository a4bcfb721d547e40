import { sql, type Kysely } from 'kysely';
import type { Migration, MigrationProvider } from 'kysely/migration';

/**
 * Every step from nothing to today's tables, by name in the order in which they run. A step that was released is never
 * changed; the next one follows it.
 */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-identities': { up: (db) => createIdentities(db) },
  '0002-first-connection': { up: (db) => addFirstConnection(db) },
};

export const migrationProvider: MigrationProvider = { getMigrations: async () => ({ ...migrations }) };
export const knownMigrations: ReadonlySet<string> = new Set(Object.keys(migrations));

/** Of a runtime that is there already nobody knows whether it ever connected; it counts as one that did. */
const addFirstConnection = async (db: Kysely<unknown>): Promise<void> => {
  await db.schema.alterTable('runtimes').addColumn('connected_at', 'bigint').execute();
  await sql`update runtimes set connected_at = created_at`.execute(db);
};

/** Of a migration neither side is typed: the tables that it makes are those of its own time. */
const createIdentities = async (db: Kysely<unknown>): Promise<void> => {
  const { schema } = db;
  await schema
    .createTable('users')
    // `autoincrement` so that no removed user's id is ever given out again.
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('guid', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('name_key', 'text', (column) => column.notNull().unique())
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('roles', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('grants')
    .addColumn('user_id', 'integer', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('prefix', 'text', (column) => column.notNull())
    .addColumn('environments', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('grants_pk', ['user_id', 'prefix'])
    .execute();
  // No reference to users: a session outlives its user as the record of a revocation.
  await schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'integer', (column) => column.notNull())
    .addColumn('client_id', 'text')
    .addColumn('public_key', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .addColumn('revoked_reason', 'text')
    .execute();
  await schema.createIndex('sessions_user').on('sessions').column('user_id').execute();
  await schema
    .createTable('refresh_tokens')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('session_id', 'text', (column) =>
      column.notNull().references('sessions.id').onDelete('cascade'),
    )
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('spent_at', 'bigint')
    .addColumn('successor', 'text')
    .execute();
  await schema.createIndex('refresh_tokens_session').on('refresh_tokens').column('session_id').execute();
  await schema
    .createTable('legacy_tokens')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('session_id', 'text', (column) =>
      column.notNull().references('sessions.id').onDelete('cascade'),
    )
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('join_codes')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('module', 'text', (column) => column.notNull())
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('labels', 'text', (column) => column.notNull())
    .addColumn('groups', 'text', (column) => column.notNull())
    .addColumn('uses_left', 'integer', (column) => column.notNull())
    .addColumn('created_by', 'integer', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('runtimes')
    .addColumn('guid', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('module', 'text', (column) => column.notNull())
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('labels', 'text', (column) => column.notNull())
    .addColumn('public_key', 'text', (column) => column.notNull())
    .addColumn('user_id', 'integer', (column) => column.references('users.id').onDelete('set null'))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('runtimes_user').on('runtimes').column('user_id').execute();
  await schema
    .createTable('subscriptions')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('group_name', 'text', (column) => column.notNull())
    .addColumn('user_id', 'integer', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('runtime_guid', 'text', (column) => column.references('runtimes.guid').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('subscriptions_user', ['group_name', 'user_id'])
    .addUniqueConstraint('subscriptions_runtime', ['group_name', 'runtime_guid'])
    .addCheckConstraint('subscriptions_one_member', sql`(user_id is null) <> (runtime_guid is null)`)
    .execute();
  await schema
    .createTable('triggers')
    .addColumn('trigger', 'text', (column) => column.primaryKey())
    .addColumn('emits', 'text', (column) => column.notNull())
    .addColumn('carries', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('issuer_keys')
    .addColumn('kid', 'text', (column) => column.primaryKey())
    .addColumn('x', 'text', (column) => column.notNull())
    .addColumn('d', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('changes')
    .addColumn('sequence', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('change', 'text', (column) => column.notNull())
    .execute();
};
