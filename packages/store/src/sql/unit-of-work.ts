import type { EpochMs } from '@cd-push/protocol';
import type { Kysely, Transaction } from 'kysely';

import type { Change } from '../ports/changes.ts';
import type { Tables } from './tables.ts';

/** A transaction that also gathers what the feed will tell of it. */
export interface Work {
  readonly tables: Transaction<Tables>;
  readonly tell: (change: Change) => void;
}

/** Runs everything that writes: what was told becomes rows in the same commit, and listeners hear of them after it. */
export class UnitOfWork {
  readonly tables: Kysely<Tables>;
  readonly #listeners = new Set<() => void>();

  constructor(tables: Kysely<Tables>) {
    this.tables = tables;
  }

  async run<Value>(at: EpochMs, step: (work: Work) => Promise<Value>): Promise<Value> {
    const changes: Change[] = [];
    const value = await this.tables.transaction().execute(async (transaction) => {
      const result = await step({ tables: transaction, tell: (change) => changes.push(change) });
      for (const change of changes) {
        await transaction
          .insertInto('changes')
          .values({ at, change: JSON.stringify(change) })
          .execute();
      }
      return result;
    });
    if (changes.length > 0) for (const listener of this.#listeners) listener();
    return value;
  }

  onAppended(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
