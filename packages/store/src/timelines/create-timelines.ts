import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

import type { Spelling } from '../statements/spelling.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Makes the tables of timelines. */
export const createTimelines = async (
  { schema }: Kysely<unknown>,
  { text, bytes, inKeyOrder }: Spelling,
): Promise<void> => {
  await schema
    .createTable('objects')
    .addColumn('tenant', text, required)
    .addColumn('address', text, required)
    .addColumn('content', text)
    .addColumn('body', bytes, required)
    // An installation has one tenant as a rule: what tells objects apart comes first.
    .addPrimaryKeyConstraint('objects_pk', ['address', 'tenant'])
    .execute();
  await schema
    .createIndex('objects_content')
    .on('objects')
    .columns(['content', 'tenant'])
    .where(sql.ref('content'), 'is not', sql.lit(null))
    .execute();
  await inKeyOrder(
    schema
      .createTable('tips')
      .addColumn('tenant', text, required)
      .addColumn('timeline', text, required)
      .addColumn('tip', text, required)
      .addPrimaryKeyConstraint('tips_pk', ['tenant', 'timeline']),
  ).execute();
};
