import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

import { createAudit } from '../audit/create-audit.ts';
import { journalAudit } from '../audit/tables.ts';
import { createEdits } from '../edits/create-edits.ts';
import { createProposals } from '../proposals/create-proposals.ts';
import type { Spelling } from '../statements/spelling.ts';
import type { TableSet } from '../statements/table-set.ts';
import { createTimelines } from '../timelines/create-timelines.ts';

/** Every step from nothing to today's tables; like the identities', a step that was released is never changed. */
export const journalTables = (spelling: Spelling): TableSet => ({
  migrationTable: 'journal_migration',
  migrations: {
    '0001-journal': { up: (db) => createJournal(db, spelling) },
    '0003-proposals': { up: (db) => createProposals(db, spelling) },
  },
});

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

const createJournal = async (db: Kysely<unknown>, spelling: Spelling): Promise<void> => {
  await createPushes(db, spelling);
  await createHistory(db, spelling);
  await createPast(db, spelling);
  await createTracks(db, spelling);
  await createContents(db, spelling);
  await createPresence(db, spelling);
  await createTimelines(db, spelling);
  await createEdits(db, spelling);
  await createAudit(db, spelling, journalAudit);
};

const createPushes = async (db: Kysely<unknown>, { text, key, inKeyOrder }: Spelling): Promise<void> => {
  const { schema } = db;
  await schema
    .createTable('journal')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('epoch', text, required)
    .addColumn('position', 'bigint', required)
    .addColumn('pruned', 'bigint', required)
    .execute();
  await schema
    .createTable('pushes')
    .addColumn('position', key, (column) => column.primaryKey())
    .addColumn('tenant', text, required)
    .addColumn('guid', text, required)
    .addColumn('environment', text, required)
    .addColumn('sender', text, required)
    .addColumn('sender_session', text, required)
    .addColumn('recipients', 'integer', required)
    .addColumn('open', 'integer', required)
    .addColumn('accepted_at', 'bigint', required)
    .addColumn('deliver_by', 'bigint', required)
    .addColumn('init_time', 'bigint', required)
    .addColumn('digest', text, required)
    .addColumn('carries', text, required)
    .addColumn('trigger', text, required)
    .addColumn('emits', text, required)
    .addColumn('session', text)
    .addColumn('certificate', text)
    .addColumn('relay_certificate', text)
    // The long ones last: who reads the others does not have to skip them.
    .addColumn('patches', text)
    .addColumn('statement', text)
    .addColumn('envelope', text, required)
    .execute();
  // An installation has one tenant as a rule: what tells pushes apart comes first.
  await schema.createIndex('pushes_guid').on('pushes').columns(['guid', 'tenant']).unique().execute();
  await schema
    .createIndex('pushes_environment')
    .on('pushes')
    .columns(['environment', 'tenant', 'position'])
    .execute();
  await schema.createIndex('pushes_sender').on('pushes').columns(['sender', 'tenant', 'position']).execute();
  await schema
    .createIndex('pushes_open')
    .on('pushes')
    .columns(['tenant', 'position'])
    .where(sql.ref('open'), '>', sql.lit(0))
    .execute();
  await schema
    .createIndex('pushes_due')
    .on('pushes')
    .columns(['deliver_by', 'position'])
    .where(sql.ref('open'), '>', sql.lit(0))
    .execute();
  await schema
    .createTable('texts')
    .addColumn('digest', text, (column) => column.primaryKey())
    .addColumn('used_at', 'bigint', required)
    .addColumn('text', text, required)
    .execute();
  await schema.createIndex('texts_used').on('texts').column('used_at').execute();
  await inKeyOrder(
    schema
      .createTable('push_paths')
      .addColumn('tenant', text, required)
      .addColumn('path', text, required)
      .addColumn('position', 'bigint', required)
      .addPrimaryKeyConstraint('push_paths_pk', ['tenant', 'path', 'position']),
  ).execute();
};

const createHistory = async (db: Kysely<unknown>, { text, inKeyOrder }: Spelling): Promise<void> => {
  const { schema } = db;
  await inKeyOrder(
    schema
      .createTable('heads')
      .addColumn('tenant', text, required)
      .addColumn('environment', text, required)
      .addColumn('resource', text, required)
      .addColumn('module', text, required)
      .addColumn('version', 'bigint', required)
      .addColumn('digest', text)
      .addColumn('position', 'bigint', required)
      .addColumn('frame', text)
      .addColumn('timeline', text)
      .addColumn('height', 'bigint')
      .addColumn('is_elsewhere', 'integer', required)
      .addPrimaryKeyConstraint('heads_pk', ['tenant', 'environment', 'resource']),
  ).execute();
  await schema
    .createIndex('heads_module')
    .on('heads')
    .columns(['tenant', 'environment', 'module', 'position'])
    .execute();
  await inKeyOrder(
    schema
      .createTable('steps')
      .addColumn('tenant', text, required)
      .addColumn('environment', text, required)
      .addColumn('resource', text, required)
      .addColumn('version', 'bigint', required)
      .addColumn('digest', text)
      .addColumn('map_digest', text)
      .addColumn('predecessor', text)
      .addColumn('position', 'bigint', required)
      .addPrimaryKeyConstraint('steps_pk', ['tenant', 'environment', 'resource', 'version']),
  ).execute();
  await schema
    .createIndex('steps_content')
    .on('steps')
    .columns(['tenant', 'digest'])
    .where(sql.ref('digest'), 'is not', sql.lit(null))
    .execute();
  await schema
    .createIndex('steps_map')
    .on('steps')
    .columns(['tenant', 'map_digest'])
    .where(sql.ref('map_digest'), 'is not', sql.lit(null))
    .execute();
};

const createPast = async (db: Kysely<unknown>, { text, key, inKeyOrder }: Spelling): Promise<void> => {
  const { schema } = db;
  await schema
    .createTable('past_pushes')
    .addColumn('position', key, (column) => column.primaryKey())
    .addColumn('tenant', text, required)
    .addColumn('guid', text, required)
    .addColumn('sender', text, required)
    .addColumn('sender_session', text, required)
    .addColumn('accepted_at', 'bigint', required)
    .addColumn('digest', text, required)
    .addColumn('session', text, required)
    .addColumn('certificate', text, required)
    .addColumn('patches', text, required)
    .addColumn('statement', text, required)
    .execute();
  await schema.createIndex('past_pushes_certificate').on('past_pushes').column('certificate').execute();
  await inKeyOrder(
    schema
      .createTable('past_steps')
      .addColumn('tenant', text, required)
      .addColumn('environment', text, required)
      .addColumn('resource', text, required)
      .addColumn('version', 'bigint', required)
      .addColumn('digest', text)
      .addColumn('map_digest', text)
      .addColumn('predecessor', text)
      .addColumn('position', 'bigint', required)
      .addPrimaryKeyConstraint('past_steps_pk', ['tenant', 'environment', 'resource', 'version']),
  ).execute();
  await schema.createIndex('past_steps_position').on('past_steps').column('position').execute();
  await schema
    .createIndex('past_steps_content')
    .on('past_steps')
    .columns(['tenant', 'digest'])
    .where(sql.ref('digest'), 'is not', sql.lit(null))
    .execute();
  await schema
    .createIndex('past_steps_map')
    .on('past_steps')
    .columns(['tenant', 'map_digest'])
    .where(sql.ref('map_digest'), 'is not', sql.lit(null))
    .execute();
};

const createTracks = async (db: Kysely<unknown>, { text, inKeyOrder }: Spelling): Promise<void> => {
  const { schema } = db;
  await inKeyOrder(
    schema
      .createTable('tracks')
      .addColumn('push', 'bigint', required)
      .addColumn('recipient', text, required)
      .addColumn('ordinal', 'integer', required)
      .addColumn('tenant', text, required)
      .addColumn('attempt', 'integer', required)
      .addColumn('rank', 'integer', required)
      .addColumn('state', text, required)
      .addColumn('moved', 'bigint')
      .addPrimaryKeyConstraint('tracks_pk', ['push', 'recipient']),
  ).execute();
  await schema
    .createIndex('tracks_open')
    .on('tracks')
    .columns(['tenant', 'recipient', 'push'])
    .where(sql.ref('rank'), '<', sql.lit(9))
    .execute();
  await schema
    .createIndex('tracks_moved')
    .on('tracks')
    .column('moved')
    .where(sql.ref('moved'), 'is not', sql.lit(null))
    .execute();
};

const createContents = async (db: Kysely<unknown>, { text, bytes, inKeyOrder }: Spelling): Promise<void> => {
  const { schema } = db;
  await schema
    .createTable('contents')
    .addColumn('tenant', text, required)
    .addColumn('digest', text, required)
    .addColumn('form', 'integer', required)
    .addColumn('size', 'bigint', required)
    .addColumn('orphaned_at', 'bigint')
    .addColumn('body', bytes, required)
    .addPrimaryKeyConstraint('contents_pk', ['tenant', 'digest'])
    .execute();
  await schema
    .createIndex('contents_orphaned')
    .on('contents')
    .column('orphaned_at')
    .where(sql.ref('orphaned_at'), 'is not', sql.lit(null))
    .execute();
  await inKeyOrder(
    schema
      .createTable('uploads')
      .addColumn('tenant', text, required)
      .addColumn('subject', text, required)
      .addColumn('digest', text, required)
      .addColumn('at', 'bigint', required)
      .addPrimaryKeyConstraint('uploads_pk', ['tenant', 'subject', 'digest']),
  ).execute();
  await schema.createIndex('uploads_content').on('uploads').columns(['tenant', 'digest']).execute();
  await schema.createIndex('uploads_at').on('uploads').column('at').execute();
};

const createPresence = async (db: Kysely<unknown>, { text }: Spelling): Promise<void> => {
  const { schema } = db;
  await schema
    .createTable('presence')
    .addColumn('tenant', text, required)
    .addColumn('recipient', text, required)
    .addColumn('node', text)
    .addColumn('kind', text, required)
    .addColumn('since', 'bigint', required)
    .addColumn('is_gone', 'integer', required)
    .addColumn('position', 'bigint', required)
    .addPrimaryKeyConstraint('presence_pk', ['tenant', 'recipient'])
    .execute();
  await schema.createIndex('presence_written').on('presence').column('position').execute();
  await schema
    .createTable('policies')
    .addColumn('tenant', text, required)
    .addColumn('target', text, required)
    .addColumn('policy', text, required)
    .addColumn('position', 'bigint', required)
    .addPrimaryKeyConstraint('policies_pk', ['tenant', 'target'])
    .execute();
  await schema.createIndex('policies_written').on('policies').column('position').execute();
  await schema
    .createTable('nodes')
    .addColumn('node', text, (column) => column.primaryKey())
    .addColumn('at', 'bigint', required)
    .execute();
};
