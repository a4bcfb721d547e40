import { PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql, type RawBuilder } from 'kysely';

import type { Kind, Shape } from '../statements/shape.ts';
import type { StatementDialect } from '../statements/statements.ts';

const typeNames: Readonly<Record<Kind, string>> = {
  text: 'text',
  'text?': 'text',
  integer: 'bigint',
  'integer?': 'bigint',
  bytes: 'bytea',
};

const arraysOf = (values: Readonly<Record<string, unknown>>, shape: Shape): RawBuilder<unknown> =>
  sql.join(
    Object.entries(shape).map(([column, kind]) => sql`${values[column]}::${sql.raw(typeNames[kind])}[]`),
  );

/** PostgreSQL is a way off, so that all inputs of a statement go there at once: one array for each column. */
export const postgresStatements: StatementDialect = {
  createAdapter: () => new PostgresAdapter(),
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  parameter: (value, kind) => sql`${value}::${sql.raw(typeNames[kind])}`,
  inputTable: (values, shape) =>
    sql`unnest(${arraysOf(values, shape)})`.as(
      sql`input(${sql.join(Object.keys(shape).map((column) => sql.id(column)))})`,
    ),
  rowsOf: (values, shape) => sql`select * from unnest(${arraysOf(values, shape)})`,
  takesArrays: true,
  hasManyWriters: true,
  // Processes whose clocks differ agree on the database's.
  clock: () => sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
};
