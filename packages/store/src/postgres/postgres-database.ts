import { setTimeout as delay } from 'node:timers/promises';

import { DatabaseError, type Pool, type PoolClient } from 'pg';

import type { Database, Outlives } from '../statements/database.ts';
import type { Call } from '../statements/statement.ts';
import type { Work } from '../statements/work.ts';
import { WriteMarks } from './write-marks.ts';
import { Pipeline } from './pipeline.ts';

/** Milliseconds between looks at a transaction of which it is not known how it ended. */
const firstLookMs = 20;
const longestLookMs = 1_000;

/**
 * Does work on PostgreSQL. Statements are prepared by their names, once for each connection; one transaction of this
 * process writes at a time.
 */
export class PostgresDatabase implements Database {
  readonly #pool: Pool;
  /** Ends with the last of the writes that wait for their turn. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #marks = new WriteMarks();
  readonly #closing = new AbortController();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async read<Value>(work: () => Work<Value>): Promise<Value> {
    const client = await this.#pool.connect();
    let isWell = false;
    try {
      const value = await run(new Pipeline(client), work());
      isWell = true;
      return value;
    } finally {
      client.release(!isWell);
    }
  }

  async write<Value>(_outlives: Outlives, work: () => Work<Value>): Promise<Value> {
    const turn = this.#turn.then(() => this.#transaction(work));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('The database was closed.'));
    await this.#turn;
    if (!this.#pool.ending) await this.#pool.end();
  }

  async #transaction<Value>(work: () => Work<Value>): Promise<Value> {
    this.#closing.signal.throwIfAborted();
    const client = await this.#pool.connect();
    const pipeline = new Pipeline(client);
    const mark = this.#marks.next();
    let value: Value;
    try {
      pipeline.send({ text: 'begin' });
      pipeline.send(mark.query);
      value = await run(pipeline, work());
      await pipeline.settled();
    } catch (error) {
      // What was begun is taken back at the latest when the connection ends.
      const isWell = error instanceof DatabaseError && (await isRolledBack(client));
      client.release(!isWell);
      throw error;
    }
    try {
      const { command } = await client.query('commit');
      if (command !== 'COMMIT') throw new Error(`The transaction ended with ${command}.`);
    } catch (error) {
      client.release(true);
      // The answer was lost, but perhaps not the commit.
      if (await this.#wasCommitted(mark.number)) return value;
      throw error;
    }
    client.release();
    return value;
  }

  /** Asks how a transaction ended, for as long as it takes to reach the database again. */
  async #wasCommitted(number: number): Promise<boolean> {
    for (let pauseMs = firstLookMs; ; pauseMs = Math.min(2 * pauseMs, longestLookMs)) {
      try {
        const { rows } = await this.#pool.query<{ number: number }>(this.#marks.asked());
        return rows[0]?.number === number;
      } catch {
        // Not reached yet.
      }
      await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      this.#closing.signal.throwIfAborted();
    }
  }
}

const isRolledBack = async (client: PoolClient): Promise<boolean> => {
  try {
    await client.query('rollback');
    return true;
  } catch {
    return false;
  }
};

const run = async <Value>(pipeline: Pipeline, work: Work<Value>): Promise<Value> => {
  let step = work.next([]);
  while (step.done !== true) step = work.next(await call(pipeline, step.value));
  return step.value;
};

const call = async (pipeline: Pipeline, { name, sql, runs, isAsked }: Call): Promise<readonly object[]> => {
  const rows: object[] = [];
  for (const values of runs) {
    const query = { name, text: sql, values: [...values] };
    if (isAsked) rows.push(...(await pipeline.ask<object>(query)));
    else pipeline.send(query);
  }
  return rows;
};
