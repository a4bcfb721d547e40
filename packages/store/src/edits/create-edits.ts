import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

import type { Spelling } from '../statements/spelling.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Makes the table of edits. */
export const createEdits = async ({ schema }: Kysely<unknown>, { text }: Spelling): Promise<void> => {
  await schema
    .createTable('edits')
    .addColumn('tenant', text, required)
    .addColumn('edit', text, required)
    .addColumn('environment', text, required)
    .addColumn('module', text, required)
    .addColumn('runtime', text, required)
    .addColumn('at', 'bigint', required)
    .addColumn('length', 'bigint', required)
    .addColumn('settled', text)
    .addColumn('position', 'bigint', required)
    .addColumn('offered', text, required)
    .addPrimaryKeyConstraint('edits_pk', ['edit', 'tenant'])
    .execute();
  await schema
    .createIndex('edits_open')
    .on('edits')
    .columns(['tenant', 'environment', 'module', 'position'])
    .where(sql.ref('settled'), 'is', sql.lit(null))
    .execute();
  await schema
    .createIndex('edits_runtime')
    .on('edits')
    .columns(['tenant', 'runtime'])
    .where(sql.ref('settled'), 'is', sql.lit(null))
    .execute();
  await schema.createIndex('edits_written').on('edits').column('position').execute();
  await schema.createIndex('edits_at').on('edits').column('at').execute();
};
