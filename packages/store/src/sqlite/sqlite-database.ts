import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { Database, Outlives } from '../statements/database.ts';
import type { Cell } from '../statements/shape.ts';
import type { Call } from '../statements/statement.ts';
import type { Work } from '../statements/work.ts';

/**
 * Does work on SQLite in one turn of the event loop, so that nothing of this process ever comes between its steps. Each
 * statement is prepared once and kept.
 */
export class SqliteDatabase implements Database {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #beforeClose: (database: DatabaseSync) => void;
  #outlives: Outlives = 'power';

  constructor(database: DatabaseSync, beforeClose: (database: DatabaseSync) => void = () => {}) {
    this.#database = database;
    this.#beforeClose = beforeClose;
    this.#begin = database.prepare('begin immediate');
    this.#commit = database.prepare('commit');
  }

  async read<Value>(work: () => Work<Value>): Promise<Value> {
    return this.readNow(work);
  }

  async write<Value>(outlives: Outlives, work: () => Work<Value>): Promise<Value> {
    return this.writeNow(outlives, work);
  }

  /** As {@link read}, before it returns. */
  readNow<Value>(work: () => Work<Value>): Value {
    return this.#run(work());
  }

  /** As {@link write}, before it returns. */
  writeNow<Value>(outlives: Outlives, work: () => Work<Value>): Value {
    this.#setSynchronous(outlives);
    this.#begin.run();
    try {
      const value = this.#run(work());
      this.#commit.run();
      return value;
    } catch (error) {
      // A full disk takes the transaction back by itself.
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }

  async close(): Promise<void> {
    if (!this.#database.isOpen) return;
    this.#beforeClose(this.#database);
    this.#database.close();
  }

  #run<Value>(work: Work<Value>): Value {
    let step = work.next([]);
    while (step.done !== true) step = work.next(this.#call(step.value));
    return step.value;
  }

  #call({ sql, runs, isAsked }: Call): readonly object[] {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    const rows: object[] = [];
    for (const values of runs) {
      const cells = values.map(scalar);
      if (isAsked) for (const row of statement.all(...cells)) rows.push(row);
      else statement.run(...cells);
    }
    return rows;
  }

  /** `normal` leaves the log to be synced by a later commit: what is written is in order, and survives the process. */
  #setSynchronous(outlives: Outlives): void {
    if (outlives === this.#outlives) return;
    this.#database.exec(`pragma synchronous = ${outlives === 'power' ? 'full' : 'normal'}`);
    this.#outlives = outlives;
  }
}

const scalar = (value: Cell | readonly Cell[]): Cell => {
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
    throw new TypeError('SQLite takes no arrays.');
  return value;
};
