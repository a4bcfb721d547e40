import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

import type { Spelling } from '../statements/spelling.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Makes the table of proposals. */
export const createProposals = async ({ schema }: Kysely<unknown>, { text }: Spelling): Promise<void> => {
  await schema
    .createTable('proposals')
    .addColumn('tenant', text, required)
    .addColumn('guid', text, required)
    .addColumn('subject', text, required)
    .addColumn('waits', 'integer', required)
    .addColumn('proposed_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('size', 'bigint', required)
    .addColumn('proposal', text, required)
    .addColumn('standing', text, required)
    .addColumn('envelope', text)
    .addPrimaryKeyConstraint('proposals_pk', ['guid', 'tenant'])
    .execute();
  await schema
    .createIndex('proposals_listed')
    .on('proposals')
    .columns(['tenant', 'proposed_at', 'guid'])
    .execute();
  await schema
    .createIndex('proposals_waiting')
    .on('proposals')
    .columns(['tenant', 'subject', 'expires_at'])
    .where(sql.ref('waits'), '=', sql.lit(1))
    .execute();
  await schema.createIndex('proposals_expiry').on('proposals').column('expires_at').execute();
};
