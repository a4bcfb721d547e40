import { now as readClock, type EpochMs } from '@cd-push/protocol';

import { journalTables } from '../journal/migrations.ts';
import { openSqlJournal } from '../journal/sql-journal.ts';
import { journalShapes } from '../journal/tables.ts';
import { takingAtOnce } from '../journal/taking.ts';
import type { JournalStore } from '../ports/journal.ts';
import { Statements } from '../statements/statements.ts';
import { WriteMarks, withWriteMarks } from './write-marks.ts';
import { PostgresDatabase } from './postgres-database.ts';
import { openPool, type PostgresPlace } from './postgres-pool.ts';
import { postgresSpelling } from './postgres-spelling.ts';
import { postgresStatements } from './postgres-statements.ts';

/**
 * Opens a journal that several processes share, in a schema of a PostgreSQL database (13 or later).
 *
 * @param options.node names the chain of the audit that this process writes: another one for each run of each process.
 * @throws {StoreError} `unreachable`, or `newer-schema` than this program knows.
 */
export const openPostgresJournal = async ({
  node,
  now = readClock,
  ...place
}: PostgresPlace & { readonly node: string; readonly now?: () => EpochMs }): Promise<JournalStore> => {
  const { pool } = await openPool(place, withWriteMarks(journalTables(postgresSpelling)));
  try {
    await pool.query(WriteMarks.pruning);
    const database = new PostgresDatabase(pool);
    return await openSqlJournal(new Statements(postgresStatements, journalShapes), {
      node,
      now,
      isShared: true,
      take: (parts) => takingAtOnce(database, parts),
    });
  } catch (error) {
    await pool.end();
    throw error;
  }
};
