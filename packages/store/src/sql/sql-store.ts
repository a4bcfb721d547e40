import type { Kysely } from 'kysely';

import type { Store } from '../ports/store.ts';
import { sqlChanges } from './sql-changes.ts';
import { sqlIssuerKeys } from './sql-issuer-keys.ts';
import { sqlJoinCodes } from './sql-join-codes.ts';
import { sqlRuntimes } from './sql-runtimes.ts';
import { sqlSessions } from './sql-sessions.ts';
import { sqlSubscriptions } from './sql-subscriptions.ts';
import { sqlTriggers } from './sql-triggers.ts';
import { sqlUsers } from './sql-users.ts';
import type { Tables } from './tables.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** The store over a database whose tables are migrated. */
export const sqlStore = (tables: Kysely<Tables>): Store => {
  const unit = new UnitOfWork(tables);
  return {
    users: sqlUsers(unit),
    sessions: sqlSessions(unit),
    runtimes: sqlRuntimes(unit),
    joinCodes: sqlJoinCodes(unit),
    subscriptions: sqlSubscriptions(unit),
    triggers: sqlTriggers(unit),
    issuerKeys: sqlIssuerKeys(unit),
    changes: sqlChanges(unit),
    close: () => tables.destroy(),
  };
};
