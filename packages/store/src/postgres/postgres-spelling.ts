import { sql } from 'kysely';

import type { Spelling } from '../statements/spelling.ts';

export const postgresSpelling: Spelling = {
  text: sql`text collate "C"`,
  key: 'bigint',
  bytes: 'bytea',
  inKeyOrder: (table) => table,
  withNumber: (table, column) =>
    table.addColumn(column, 'bigint', (number) => number.primaryKey().generatedByDefaultAsIdentity()),
};
