// Planted in a relay: its SQLite transactions are answered as committed, and are committed half a second later. Everything
// looks as it should until the process is killed.
import { DatabaseSync, type StatementSync } from 'node:sqlite';

import { replaceMethod } from './reach.ts';

const lateMs = 500;
const savepoint = 'answered';

const open = new WeakSet<object>();

const exec = replaceMethod(DatabaseSync.prototype, 'exec', function execute(sql) {
  // Its own transaction is one step of the one that is open.
  if (sql === 'rollback') return exec(this, `rollback to ${savepoint}; release ${savepoint}`);
  if (open.has(this) && String(sql).startsWith('pragma synchronous')) return undefined;
  return exec(this, sql);
});

const begin = (database: object): void => {
  if (!open.has(database)) {
    exec(database, 'begin immediate');
    open.add(database);
    setTimeout(() => {
      open.delete(database);
      exec(database, 'commit');
    }, lateMs);
  }
  exec(database, `savepoint ${savepoint}`);
};

const isStatement = (value: unknown): value is StatementSync => typeof value === 'object' && value !== null;

const prepare = replaceMethod(DatabaseSync.prototype, 'prepare', function prepared(sql) {
  const statement = prepare(this, sql);
  if (!isStatement(statement)) throw new TypeError('A statement was expected.');
  if (sql === 'begin immediate') replaceMethod(statement, 'run', () => begin(this));
  if (sql === 'commit') {
    const commit = replaceMethod(statement, 'run', () =>
      // What began in another way, as a migration does, ends as it should.
      open.has(this) ? exec(this, `release ${savepoint}`) : commit(statement),
    );
  }
  return statement;
});
