import { nothingAhead } from '../journal/ahead.ts';
import { historyWork } from '../journal/history.ts';
import { journalRow } from '../journal/journal-row.ts';
import { journalTables } from '../journal/migrations.ts';
import { journalShapes } from '../journal/tables.ts';
import { versionWork } from '../journal/versions.ts';
import type { HistoryReader } from '../ports/history-reader.ts';
import { Statements } from '../statements/statements.ts';
import { objectWork } from '../timelines/objects.ts';
import { sqlSpace } from '../timelines/sql-space.ts';
import { tipWork } from '../timelines/tips.ts';
import { openPool, type PostgresPlace } from './postgres-pool.ts';
import { PostgresDatabase } from './postgres-database.ts';
import { postgresSpelling } from './postgres-spelling.ts';
import { postgresStatements } from './postgres-statements.ts';
import { withWriteMarks } from './write-marks.ts';

/**
 * Opens a journal that relays share, to read its history beside them.
 *
 * @throws {StoreError} `unreachable`, or `newer-schema` than this program knows.
 */
export const openPostgresHistory = async (
  place: PostgresPlace,
): Promise<HistoryReader & { close(): Promise<void> }> => {
  const { pool } = await openPool(place, withWriteMarks(journalTables(postgresSpelling)));
  const database = new PostgresDatabase(pool);
  const statements = new Statements(postgresStatements, journalShapes);
  const history = historyWork(statements);
  const versions = versionWork(statements);
  const timelines = {
    row: journalRow(statements),
    objects: objectWork(statements),
    tips: tipWork(statements),
  };
  return {
    heads: (at, resources) => database.read(() => history.heads(at, resources, nothingAhead)),
    versions: (at, resource, below, limit) => database.read(() => versions.below(at, resource, below, limit)),
    space: (tenant) => sqlSpace(database, tenant, timelines),
    close: () => database.close(),
  };
};
