import { sql } from 'kysely';

import type { Spelling } from '../statements/spelling.ts';

export const sqliteSpelling: Spelling = {
  text: 'text',
  key: 'integer',
  bytes: 'blob',
  inKeyOrder: (table) => table.modifyEnd(sql`without rowid`),
  // `autoincrement` so that no removed row's number is ever given out again.
  withNumber: (table, column) =>
    table.addColumn(column, 'integer', (number) => number.primaryKey().autoIncrement()),
};
