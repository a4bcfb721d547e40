import { PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely';

import type { Kind } from '../statements/shape.ts';
import type { StatementDialect } from '../statements/statements.ts';

const typeNames: Readonly<Record<Kind, string>> = {
  text: 'text',
  'text?': 'text',
  integer: 'bigint',
  'integer?': 'bigint',
  bytes: 'bytea',
};

/** PostgreSQL is a way off, so that all inputs of a statement go there at once: one array for each column. */
export const postgresStatements: StatementDialect = {
  createAdapter: () => new PostgresAdapter(),
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  parameter: (value, kind) => sql`${value}::${sql.raw(typeNames[kind])}`,
  inputTable: (values, shape) => {
    const columns = Object.entries(shape);
    const arrays = columns.map(([column, kind]) => sql`${values[column]}::${sql.raw(typeNames[kind])}[]`);
    return sql`unnest(${sql.join(arrays)})`.as(
      sql`input(${sql.join(columns.map(([column]) => sql.id(column)))})`,
    );
  },
  takesArrays: true,
  hasManyWriters: true,
  // Processes whose clocks differ agree on the database's.
  clock: () => sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
};
