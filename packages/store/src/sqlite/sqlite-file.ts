import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';

import { StoreError } from '../ports/store.ts';
import { refuseNewerSteps, type TableSet } from '../statements/table-set.ts';
import { wordsOf } from '../statements/words-of.ts';
import { goesOn } from './closing-mark.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';

/**
 * Opens a file, which is made if there is none, for its owner alone, and brings its tables up to date. The file belongs to
 * this process until the database is closed or the process ends, however that comes.
 *
 * @param open is told besides whether the file goes on from where it was left; see `closing-mark.ts`.
 * @throws {StoreError} `in-use` by another process, `newer-schema` than this program knows, `damaged`, or `not-a-store`;
 * what is in the file is left as it was.
 */
export const openSqliteFile = async <Value>(
  file: string,
  set: TableSet,
  open: (database: DatabaseSync, isGoingOn: boolean) => Promise<Value>,
): Promise<Value> => {
  const found = file === inMemory ? undefined : find(file);
  const database = new DatabaseSync(file);
  try {
    // Exclusive before the first touch of the log, so that SQLite needs no memory shared with other processes.
    database.exec('pragma locking_mode = exclusive');
    refuseForeign(database, file, set, found);
    if (found !== undefined) {
      refuseDamaged(database, file, found);
      claim(database);
    }
    await migrate(database, file, set);
    // From here on the file has its tables by itself, so that one that was copied without its log shows.
    database.exec('pragma wal_checkpoint(truncate)');
    return await open(database, found !== undefined && goesOn(database, found.changedAtMs));
  } catch (error) {
    database.close();
    throw asStoreError(error, file);
  }
};

/** What SQLite calls a database without a file, which is gone with its process. */
export const inMemory = ':memory:';

/** A file as it is before SQLite touches it. */
interface Found {
  readonly size: number;
  readonly hasLog: boolean;
  readonly changedAtMs: number;
}

const find = (file: string): Found => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
  const { size, ctimeMs } = statSync(file);
  return { size, hasLog: existsSync(`${file}-wal`), changedAtMs: ctimeMs };
};

const migrate = async (
  database: DatabaseSync,
  file: string,
  { migrations, migrationTable }: TableSet,
): Promise<void> => {
  const migrator = new Migrator({
    db: new Kysely<unknown>({ dialect: new NodeSqliteDialect(database) }),
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: migrationTable,
    migrationLockTableName: `${migrationTable}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined)
    throw new Error(`The tables of ${file} could not be brought up to date: ${wordsOf(error)}`, {
      cause: error,
    });
};

/** Takes the file for this process; the operating system gives it back, also after kill -9. */
const claim = (database: DatabaseSync): void => {
  database.exec('pragma journal_mode = wal');
  // A commit is on the disk before it is answered; WAL's usual `normal` loses the last ones with the power.
  database.exec('pragma synchronous = full');
  // Kibibytes of pages that are kept in memory: what is written to a large file touches pages all over its indexes.
  database.exec('pragma cache_size = -65536');
  // Pages of the log after which it is brought back into the file, which waits for the disk twice.
  database.exec('pragma wal_autocheckpoint = 4096');
  database.exec('begin exclusive; commit');
};

const refuseForeign = (
  database: DatabaseSync,
  file: string,
  set: TableSet,
  found: Found | undefined,
): void => {
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
  if (tables.length === 0) {
    // With a log beside it, it is a file whose tables were just being made.
    if (found !== undefined && found.size > 0 && !found.hasLog) throw withoutTables(file);
    return;
  }
  if (!tables.some(({ name }) => name === set.migrationTable)) throw notAStore(file);
  const taken = database.prepare(`select name from "${set.migrationTable}"`).all();
  refuseNewerSteps(
    file,
    set,
    taken.map(({ name }) => name),
  );
};

/** Bytes up to which a file is looked through when it is opened; of a larger one each page is, when it is read. */
const lookedThrough = 64 * 1024 * 1024;

/** Pages that are missing show as soon as a file is opened; a hole in it, and a page that is cut, only to who looks. */
const refuseDamaged = (database: DatabaseSync, file: string, { size, hasLog }: Found): void => {
  const pageSize = Number(database.prepare('pragma page_size').get()?.['page_size']);
  // With a log beside it, the last page may just have been under way.
  if (size % pageSize !== 0 && !hasLog) throw damaged(file);
  if (size > lookedThrough) return;
  const verdict = database.prepare('pragma quick_check(1)').get()?.['quick_check'];
  if (verdict !== 'ok') throw damaged(file, new Error(String(verdict)));
};

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const sqliteBusy = 5;
const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;

const asStoreError = (error: unknown, file: string): unknown => {
  switch (errcodeOf(error)) {
    case sqliteBusy:
      return new StoreError(
        'in-use',
        `${file} is in use by another process; a data file belongs to one at a time. For several processes, have DATABASE_URL name a PostgreSQL database.`,
        { cause: error },
      );
    case sqliteCorrupt:
      return damaged(file, error);
    case sqliteNotADatabase:
      return notAStore(file, error);
    case undefined:
    default:
      return error;
  }
};

const errcodeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;

const notAStore = (file: string, cause?: unknown): StoreError =>
  new StoreError('not-a-store', `${file} is a file of something else; name another one.`, { cause });

const withoutTables = (file: string): StoreError =>
  new StoreError(
    'not-a-store',
    `${file} has no tables: a copy of it was made without the log that belongs to it, ${file}-wal. Put that beside it; if it never held anything, remove it.`,
  );

const damaged = (file: string, cause?: unknown): StoreError =>
  new StoreError('damaged', `${file} is damaged: parts of it are missing. Restore a copy of it.`, { cause });
