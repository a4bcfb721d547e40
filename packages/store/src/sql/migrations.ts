import { sql, type Kysely } from 'kysely';

import { createAudit } from '../audit/create-audit.ts';
import { identityAudit } from '../audit/tables.ts';
import type { Spelling } from '../statements/spelling.ts';
import type { TableSet } from '../statements/table-set.ts';

/**
 * Every step from nothing to today's tables, by name in the order in which they run. A step that was released is never
 * changed; the next one follows it.
 */
export const identityTables = (spelling: Spelling): TableSet => ({
  migrationTable: 'kysely_migration',
  migrations: {
    '0001-identities': { up: (db) => createIdentities(db, spelling) },
    '0002-first-connection': { up: (db) => addFirstConnection(db) },
    '0003-several-processes': { up: (db) => prepareSeveralProcesses(db, spelling) },
    '0004-audit': { up: (db) => createAudit(db, spelling, identityAudit) },
    '0005-issuer-name': { up: (db) => addIssuerName(db, spelling) },
    '0006-keystones': { up: (db) => addKeystones(db, spelling) },
    '0007-approvals': { up: (db) => addApprovals(db) },
    '0008-memberships-by-member': { up: (db) => indexMembers(db) },
  },
});

/** Of a runtime that is there already nobody knows whether it ever connected; it counts as one that did. */
const addFirstConnection = async (db: Kysely<unknown>): Promise<void> => {
  await db.schema.alterTable('runtimes').addColumn('connected_at', 'bigint').execute();
  await sql`update runtimes set connected_at = created_at`.execute(db);
};

/** What one process kept in its memory, or did alone. */
const prepareSeveralProcesses = async ({ schema }: Kysely<unknown>, { text }: Spelling): Promise<void> => {
  await schema
    .createTable('spent_nonces')
    .addColumn('nonce', text, (column) => column.primaryKey())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('spent_nonces_expiry').on('spent_nonces').column('expires_at').execute();
  await schema.alterTable('issuer_keys').addColumn('first', 'integer').execute();
  await schema.createIndex('issuer_keys_first').on('issuer_keys').column('first').unique().execute();
};

/** Of data from before, whoever starts on it first names the issuer. */
const addIssuerName = ({ schema }: Kysely<unknown>, { text }: Spelling): Promise<void> =>
  schema
    .createTable('issuer_name')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .execute();

/** No reference to users: what an identity signed is judged by its log also after its user was removed. */
const addKeystones = async (db: Kysely<unknown>, { text }: Spelling): Promise<void> => {
  const { schema } = db;
  await schema
    .createTable('identities')
    .addColumn('address', text, (column) => column.primaryKey())
    .addColumn('user_id', 'bigint', (column) => column.notNull())
    .addColumn('tip', text, (column) => column.notNull())
    .addColumn('n', 'bigint', (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('registered_at', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .execute();
  await schema.createIndex('identities_user').on('identities').column('user_id').execute();
  await schema
    .createTable('identity_events')
    .addColumn('identity', text, (column) =>
      column.notNull().references('identities.address').onDelete('cascade'),
    )
    .addColumn('n', 'bigint', (column) => column.notNull())
    .addColumn('event', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('identity_events_pk', ['identity', 'n'])
    .execute();
  await schema.alterTable('sessions').addColumn('identity', text).execute();
  await schema.alterTable('sessions').addColumn('delegation', text).execute();
  await schema.createIndex('sessions_identity').on('sessions').column('identity').execute();
  await schema.alterTable('join_codes').addColumn('identities', text).execute();
  // Whoever was signed in signs in once more; what their sessions have signed is judged as before.
  await schema.dropTable('refresh_tokens').execute();
  await sql`update sessions set revoked_reason = 'withdrawn' where revoked_reason = 'refresh-reuse'`.execute(
    db,
  );
  await sql`update changes set change = replace(change, '"refresh-reuse"', '"withdrawn"')`.execute(db);
};

/** What is there already asks nobody. */
const addApprovals = async ({ schema }: Kysely<unknown>): Promise<void> => {
  for (const table of ['join_codes', 'runtimes']) {
    await schema
      .alterTable(table)
      .addColumn('approvals', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  }
};

/** Of whom a membership is, is asked whenever a runtime enrols or connects; by its group it is found already. */
const indexMembers = async ({ schema }: Kysely<unknown>): Promise<void> => {
  await schema.createIndex('subscriptions_by_user').on('subscriptions').column('user_id').execute();
  await schema.createIndex('subscriptions_by_runtime').on('subscriptions').column('runtime_guid').execute();
};

/** Of a migration neither side is typed: the tables that it makes are those of its own time. */
const createIdentities = async (
  { schema }: Kysely<unknown>,
  { text, withNumber }: Spelling,
): Promise<void> => {
  await withNumber(schema.createTable('users'), 'id')
    .addColumn('guid', text, (column) => column.notNull().unique())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('name_key', text, (column) => column.notNull().unique())
    .addColumn('password_hash', text, (column) => column.notNull())
    .addColumn('roles', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('grants')
    .addColumn('user_id', 'bigint', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('prefix', text, (column) => column.notNull())
    .addColumn('environments', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('grants_pk', ['user_id', 'prefix'])
    .execute();
  // No reference to users: a session outlives its user as the record of a revocation.
  await schema
    .createTable('sessions')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('user_id', 'bigint', (column) => column.notNull())
    .addColumn('client_id', text)
    .addColumn('public_key', text)
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .addColumn('revoked_reason', text)
    .execute();
  await schema.createIndex('sessions_user').on('sessions').column('user_id').execute();
  await schema
    .createTable('refresh_tokens')
    .addColumn('hash', text, (column) => column.primaryKey())
    .addColumn('session_id', text, (column) => column.notNull().references('sessions.id').onDelete('cascade'))
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('spent_at', 'bigint')
    .addColumn('successor', text)
    .execute();
  await schema.createIndex('refresh_tokens_session').on('refresh_tokens').column('session_id').execute();
  await schema
    .createTable('legacy_tokens')
    .addColumn('hash', text, (column) => column.primaryKey())
    .addColumn('session_id', text, (column) => column.notNull().references('sessions.id').onDelete('cascade'))
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('join_codes')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('module', text, (column) => column.notNull())
    .addColumn('environment', text, (column) => column.notNull())
    .addColumn('labels', text, (column) => column.notNull())
    .addColumn('groups', text, (column) => column.notNull())
    .addColumn('uses_left', 'integer', (column) => column.notNull())
    .addColumn('created_by', 'bigint', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('runtimes')
    .addColumn('guid', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('module', text, (column) => column.notNull())
    .addColumn('environment', text, (column) => column.notNull())
    .addColumn('labels', text, (column) => column.notNull())
    .addColumn('public_key', text, (column) => column.notNull())
    .addColumn('user_id', 'bigint', (column) => column.references('users.id').onDelete('set null'))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('runtimes_user').on('runtimes').column('user_id').execute();
  await withNumber(schema.createTable('subscriptions'), 'id')
    .addColumn('group_name', text, (column) => column.notNull())
    .addColumn('user_id', 'bigint', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('runtime_guid', text, (column) => column.references('runtimes.guid').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('subscriptions_user', ['group_name', 'user_id'])
    .addUniqueConstraint('subscriptions_runtime', ['group_name', 'runtime_guid'])
    .addCheckConstraint('subscriptions_one_member', sql`(user_id is null) <> (runtime_guid is null)`)
    .execute();
  await schema
    .createTable('triggers')
    .addColumn('trigger', text, (column) => column.primaryKey())
    .addColumn('emits', text, (column) => column.notNull())
    .addColumn('carries', text, (column) => column.notNull())
    .execute();
  await schema
    .createTable('issuer_keys')
    .addColumn('kid', text, (column) => column.primaryKey())
    .addColumn('x', text, (column) => column.notNull())
    .addColumn('d', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await withNumber(schema.createTable('changes'), 'sequence')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('change', text, (column) => column.notNull())
    .execute();
};
