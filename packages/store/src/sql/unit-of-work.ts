import type { AuditEntry, EpochMs } from '@cd-push/protocol';
import type { Kysely, Transaction } from 'kysely';

import type { AuditChains } from '../audit/audit-chains.ts';
import type { Change } from '../ports/changes.ts';
import type { Database } from '../statements/database.ts';
import { runWork } from './run-work.ts';
import type { Tables } from './tables.ts';

/** A transaction that also gathers what the feed will tell of it, and the rows of the audit that came along. */
export interface Work {
  readonly tables: Transaction<Tables>;
  readonly tell: (change: Change) => void;
  readonly audit: (entry: AuditEntry | undefined) => void;
}

/** Has a transaction be the only one that writes, where the database would let several: others wait for its end. */
export type WriteAlone = (transaction: Transaction<Tables>) => Promise<void>;

/**
 * Runs everything that writes, one after the other: what was told and audited becomes rows in the same commit, and
 * listeners hear of the feed's after it.
 */
export class UnitOfWork {
  readonly tables: Kysely<Tables>;
  readonly #chains: AuditChains;
  readonly #writeAlone: WriteAlone;
  readonly #listeners = new Set<() => void>();

  constructor(tables: Kysely<Tables>, chains: AuditChains, writeAlone: WriteAlone) {
    this.tables = tables;
    this.#chains = chains;
    this.#writeAlone = writeAlone;
  }

  async run<Value>(at: EpochMs, step: (work: Work) => Promise<Value>): Promise<Value> {
    const changes: Change[] = [];
    const entries: AuditEntry[] = [];
    const value = await this.tables.transaction().execute(async (transaction) => {
      await this.#writeAlone(transaction);
      const result = await step({
        tables: transaction,
        tell: (change) => changes.push(change),
        audit: (entry) => {
          if (entry !== undefined) entries.push(entry);
        },
      });
      await addToFeed(transaction, at, changes);
      await runWork(transaction, this.#chains.append(entries));
      return result;
    });
    if (changes.length > 0) for (const listener of this.#listeners) listener();
    return value;
  }

  onAppended(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For work of the audit by itself, in its turn among the others. */
  get database(): Pick<Database, 'read' | 'write'> {
    return {
      read: (work) => runWork(this.tables, work()),
      write: (_outlives, work) =>
        this.tables.transaction().execute(async (transaction) => {
          await this.#writeAlone(transaction);
          return runWork(transaction, work());
        }),
    };
  }
}

/** Rows of the feed in one statement: who has many runtimes changes them all at once, and a statement takes so many values. */
const rowsAtOnce = 1_000;

/** Behind the latest row of all: who reads the feed sees no row before those below it. */
const addToFeed = async (
  transaction: Transaction<Tables>,
  at: EpochMs,
  changes: readonly Change[],
): Promise<void> => {
  if (changes.length === 0) return;
  const latest = await transaction
    .selectFrom('changes')
    .select((columns) => columns.fn.max('sequence').as('sequence'))
    .executeTakeFirst();
  const before = latest?.sequence ?? 0;
  const rows = changes.map((change, index) => ({
    sequence: before + index + 1,
    at,
    change: JSON.stringify(change),
  }));
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    await transaction
      .insertInto('changes')
      .values(rows.slice(start, start + rowsAtOnce))
      .execute();
  }
};
