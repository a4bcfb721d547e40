import type { ColumnDefinitionBuilder, Kysely } from 'kysely';

import type { Spelling } from '../statements/spelling.ts';
import type { AuditNames } from './tables.ts';

/** Step of a migration: the rows of an audit, where each of its chains stands, and where one was cut back. */
export const createAudit = async (
  { schema }: Kysely<unknown>,
  { text, inKeyOrder }: Spelling,
  names: AuditNames,
): Promise<void> => {
  await inKeyOrder(
    schema
      .createTable(names.audit)
      .addColumn('node', text, required)
      .addColumn('sequence', 'bigint', required)
      .addColumn('at', 'bigint', required)
      .addColumn('hash', text, required)
      .addColumn('text', text, required)
      .addPrimaryKeyConstraint(`${names.audit}_pk`, ['node', 'sequence']),
  ).execute();
  for (const places of [names.audit_chains, names.audit_cuts]) {
    await inKeyOrder(
      schema
        .createTable(places)
        .addColumn('node', text, (column) => column.primaryKey())
        .addColumn('sequence', 'bigint', required)
        .addColumn('at', 'bigint', required)
        .addColumn('hash', text, required),
    ).execute();
  }
};

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
