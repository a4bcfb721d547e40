import type { CreateTableBuilder, Expression } from 'kysely';

/** Where the databases want other words for the same thing in their tables. */
export interface Spelling {
  /** A text that is compared code point by code point: both databases then agree on orders and ranges. */
  readonly text: 'text' | Expression<unknown>;
  /** An integer that is a table's own key. */
  readonly key: 'integer' | 'bigint';
  readonly bytes: 'blob' | 'bytea';
  /** Has a table stored in the order of its primary key, where the database knows how. */
  readonly inKeyOrder: <Table extends string, Column extends string>(
    table: CreateTableBuilder<Table, Column>,
  ) => CreateTableBuilder<Table, Column>;
  /** Adds a primary key that counts up, and never gives a number twice. */
  readonly withNumber: <Table extends string, Column extends string>(
    table: CreateTableBuilder<Table>,
    column: Column,
  ) => CreateTableBuilder<Table, Column>;
}
