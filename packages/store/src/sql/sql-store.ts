import type { EpochMs } from '@cd-push/protocol';
import type { Kysely } from 'kysely';

import { auditChains } from '../audit/audit-chains.ts';
import { sqlAuditLog } from '../audit/sql-audit-log.ts';
import type { AuditStatements } from '../audit/tables.ts';
import type { Store } from '../ports/store.ts';
import { sqlChanges } from './sql-changes.ts';
import { sqlIdentities } from './sql-identities.ts';
import { sqlIssuerKeys } from './sql-issuer-keys.ts';
import { sqlJoinCodes } from './sql-join-codes.ts';
import { sqlNonces } from './sql-nonces.ts';
import { sqlRuntimes } from './sql-runtimes.ts';
import { sqlSessions } from './sql-sessions.ts';
import { sqlSubscriptions } from './sql-subscriptions.ts';
import { sqlTriggers } from './sql-triggers.ts';
import { sqlUsers } from './sql-users.ts';
import type { Tables } from './tables.ts';
import { UnitOfWork, type WriteAlone } from './unit-of-work.ts';

export interface StoreOptions {
  /** Names the chain of the audit that this process writes: another one for each run of each process. */
  readonly node: string;
  readonly now: () => EpochMs;
  readonly writeAlone: WriteAlone;
  readonly close: () => Promise<void>;
}

/** The store over a database whose tables are migrated. */
export const openSqlStore = async (
  tables: Kysely<Tables>,
  statements: AuditStatements,
  { node, now, writeAlone, close }: StoreOptions,
): Promise<Store> => {
  const chains = auditChains(statements, node);
  const unit = new UnitOfWork(tables, chains, writeAlone);
  await unit.database.write('power', () => chains.open(now()));
  return {
    users: sqlUsers(unit),
    identities: sqlIdentities(unit),
    sessions: sqlSessions(unit),
    runtimes: sqlRuntimes(unit),
    joinCodes: sqlJoinCodes(unit),
    subscriptions: sqlSubscriptions(unit),
    triggers: sqlTriggers(unit),
    issuerKeys: sqlIssuerKeys(unit),
    nonces: sqlNonces(unit),
    changes: sqlChanges(unit),
    audit: sqlAuditLog(unit.database, chains, node, now),
    close,
  };
};
