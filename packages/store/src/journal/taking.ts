import type { AuditChains } from '../audit/audit-chains.ts';
import type { Committed, Group } from '../ports/journal.ts';
import type { Database } from '../statements/database.ts';
import type { Work } from '../statements/work.ts';
import { nothingAhead, type Ahead } from './ahead.ts';
import { outlives, type GroupWork } from './group.ts';

/** How groups come into the tables of a database. */
export interface Taking {
  /** For everything but groups: whoever reads the tables misses nothing that was taken. */
  readonly database: Database;
  commit(group: Group): Promise<Committed>;
  /** Reads the tables as they stand, by work that looks by itself at what is ahead of them. */
  glance<Value>(work: (ahead: Pick<Ahead, 'head'>) => Work<Value>): Promise<Value>;
}

/** What it takes to take groups in. */
export interface TakingParts {
  readonly work: GroupWork;
  /** Chains of the audit by the node that writes to them. */
  readonly chainsOf: (node: string) => AuditChains;
}

/** Each group in one transaction, for a database that others write to as well. */
export const takingAtOnce = (database: Database, { work }: TakingParts): Taking => ({
  database,
  commit: (group) => database.write(outlives(group), () => work.take(group)),
  glance: (read) => database.read(() => read(nothingAhead)),
});
