import { randomUUID } from 'node:crypto';

import { sql, type Kysely } from 'kysely';
import type { QueryConfig } from 'pg';

import type { TableSet } from '../statements/table-set.ts';

/** The set with the table that marks stand in, which no other database needs. */
export const withWriteMarks = (set: TableSet): TableSet => ({
  ...set,
  migrations: { ...set.migrations, '0002-write-marks': { up: createMarks } },
});

const createMarks = async ({ schema }: Kysely<unknown>): Promise<void> => {
  await schema
    .createTable('write_marks')
    .addColumn('writer', 'text', (column) => column.primaryKey())
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
};

/**
 * Tells afterwards which of a process's transactions was committed last: each writes its own number into the process's
 * row, which it keeps locked until its end. The server's numbers of transactions do not tell it: one that a crash took
 * before anything of it was on the disk gives its number to another after the recovery, and `pg_xact_status` then speaks
 * of that one.
 */
export class WriteMarks {
  readonly #writer = randomUUID();
  #last = 0;

  /** The next transaction's number, and what writes it. */
  next(): { readonly number: number; readonly query: QueryConfig } {
    this.#last += 1;
    const number = this.#last;
    return { number, query: { name: 'write-mark', text: write, values: [this.#writer, number] } };
  }

  /** Asks for the number that was committed last; it is answered once a transaction that is still under way has ended. */
  asked(): QueryConfig {
    return { name: 'write-mark-asked', text: ask, values: [this.#writer] };
  }

  /** Lets go of the rows of processes that ended long ago. */
  static get pruning(): QueryConfig {
    return { text: "delete from write_marks where at < now() - interval '7 days'" };
  }
}

const write = `insert into write_marks (writer, number) values ($1, $2)
  on conflict (writer) do update set number = excluded.number, at = excluded.at`;

/** Writes as well, since that waits for the row's lock, and where there is no row yet for whoever is making it. */
const ask = `insert into write_marks (writer, number) values ($1, 0)
  on conflict (writer) do update set at = excluded.at
  returning number`;
