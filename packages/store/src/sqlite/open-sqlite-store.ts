import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';

import { StoreError, type Store } from '../ports/store.ts';
import { knownMigrations, migrationProvider } from '../sql/migrations.ts';
import { sqlStore } from '../sql/sql-store.ts';
import type { Tables } from '../sql/tables.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';

/**
 * Opens the store in a file, which is made if there is none, for its owner alone: it holds the issuer's private key. The
 * file belongs to this process until {@link Store.close} or the end of the process, however that comes.
 *
 * @throws {StoreError} `in-use` by another process, `newer-schema` than this program knows, or `not-a-store`.
 */
export const openSqliteStore = async (file: string): Promise<Store> => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file);
  const tables = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) });
  try {
    claim(database, file);
    refuseNewerSchema(database, file);
    const { error } = await new Migrator({ db: tables, provider: migrationProvider }).migrateToLatest();
    if (error !== undefined)
      throw new Error(`The tables of ${file} could not be brought up to date.`, { cause: error });
    return sqlStore(tables);
  } catch (error) {
    database.close();
    throw asStoreError(error, file);
  }
};

/** Takes the file for this process; the operating system gives it back, also after kill -9. */
const claim = (database: DatabaseSync, file: string): void => {
  try {
    // Exclusive before the first touch of the log, so that SQLite needs no memory shared with other processes.
    database.exec('pragma locking_mode = exclusive');
    database.exec('pragma journal_mode = wal');
    // A commit is on the disk before it is answered; WAL's usual `normal` loses the last ones with the power.
    database.exec('pragma synchronous = full');
    database.exec('begin exclusive; commit');
  } catch (error) {
    throw errcodeOf(error) === sqliteBusy
      ? new StoreError(
          'in-use',
          `${file} is in use by another process; a data file belongs to one at a time.`,
          { cause: error },
        )
      : error;
  }
};

const refuseNewerSchema = (database: DatabaseSync, file: string): void => {
  const made = database
    .prepare("select 1 from sqlite_master where type = 'table' and name = 'kysely_migration'")
    .get();
  if (made === undefined) return;
  for (const { name } of database.prepare('select name from kysely_migration').all()) {
    if (typeof name === 'string' && knownMigrations.has(name)) continue;
    throw new StoreError(
      'newer-schema',
      `${file} was written by a newer version (it knows "${String(name)}"); start that version, or restore a copy from before.`,
    );
  }
};

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const sqliteBusy = 5;
const sqliteNotADatabase = 26;

const errcodeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;

const asStoreError = (error: unknown, file: string): unknown =>
  errcodeOf(error) === sqliteNotADatabase
    ? new StoreError('not-a-store', `${file} is not a data file of this program.`, { cause: error })
    : error;
