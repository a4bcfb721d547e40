import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

import { now as readClock, type EpochMs } from '@cd-push/protocol';

import { journalTables } from '../journal/migrations.ts';
import { openSqlJournal } from '../journal/sql-journal.ts';
import { journalShapes } from '../journal/tables.ts';
import type { JournalStore } from '../ports/journal.ts';
import { Statements } from '../statements/statements.ts';
import { markClosed, markOpen } from './closing-mark.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import { withGroupLog } from './group-log.ts';
import { LoggedGroups } from './logged-groups.ts';
import { inMemory, openSqliteFile } from './sqlite-file.ts';
import { sqliteSpelling } from './sqlite-spelling.ts';
import { sqliteStatements } from './sqlite-statements.ts';

/** A file's journal, with the log that comes before its tables. */
export const sqliteJournalTables = withGroupLog(journalTables(sqliteSpelling));

/**
 * Opens the journal in a file, or in `:memory:`, where it is gone with its process. The file belongs to this process until
 * {@link JournalStore.close} or the end of the process. One that was not closed, or is a copy that was put back, begins
 * another epoch: it may lack places that were told.
 *
 * @param options.node names the chain of the audit that this process writes: another one for each run.
 * @throws {StoreError} `in-use` by another process, `newer-schema` than this program knows, or `not-a-store`.
 */
export const openSqliteJournal = async (
  file: string,
  { node, now = readClock }: { readonly node: string; readonly now?: () => EpochMs },
): Promise<JournalStore> =>
  openSqliteFile(file, sqliteJournalTables, (opened, isGoingOn) => {
    if (!isGoingOn) opened.prepare('update journal set epoch = ?').run(randomUUID());
    markOpen(opened);
    return journalIn(opened, { node, now, isKept: file !== inMemory }, markClosed);
  });

/** The journal in a database that is open and has its tables. */
export const journalIn = (
  opened: DatabaseSync,
  { node, now, isKept }: { readonly node: string; readonly now: () => EpochMs; readonly isKept: boolean },
  beforeClose?: (database: DatabaseSync) => void,
): Promise<JournalStore> => {
  const database = new SqliteDatabase(opened, beforeClose);
  return openSqlJournal(new Statements(sqliteStatements, journalShapes), {
    node,
    now,
    isShared: false,
    take: (parts) => {
      const groups = new LoggedGroups(database, node, isKept, parts);
      groups.replay();
      return groups;
    },
  });
};
