import { sql, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';

import type { StatementDialect } from '../statements/statements.ts';

/** SQLite is in this process, so that a statement is simply run for one input after the other. */
export const sqliteStatements: StatementDialect = {
  createAdapter: () => new SqliteAdapter(),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  parameter: (value) => sql`${value}`,
  inputTable: (values) =>
    sql`(select ${sql.join(
      Object.entries(values).map(([column, value]) => sql`${value} as ${sql.id(column)}`),
    )})`.as('input'),
  // A third of the time of a `select` from such a table.
  rowsOf: (values) => sql`values (${sql.join(Object.values(values))})`,
  takesArrays: false,
  // Who writes has the whole file to itself.
  hasManyWriters: false,
  clock: (own) => own,
};
