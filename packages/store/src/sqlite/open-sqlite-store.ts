import { randomUUID } from 'node:crypto';

import { now as readClock, type EpochMs } from '@cd-push/protocol';
import { Kysely } from 'kysely';

import { RenamedTables } from '../audit/renamed-tables.ts';
import { auditShapes, identityAudit } from '../audit/tables.ts';
import type { Store } from '../ports/store.ts';
import { identityTables } from '../sql/migrations.ts';
import { openSqlStore } from '../sql/sql-store.ts';
import type { Tables } from '../sql/tables.ts';
import { Statements } from '../statements/statements.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import { openSqliteFile } from './sqlite-file.ts';
import { sqliteSpelling } from './sqlite-spelling.ts';
import { sqliteStatements } from './sqlite-statements.ts';

/**
 * Opens the store in a file, which is made if there is none, for its owner alone: it holds the issuer's private key. The
 * file belongs to this process until {@link Store.close} or the end of the process, however that comes.
 *
 * @param options.node names the chain of the audit that this process writes: another one for each run.
 * @throws {StoreError} `in-use` by another process, `newer-schema` than this program knows, or `not-a-store`.
 */
export const openSqliteStore = async (
  file: string,
  {
    node = `api-${randomUUID()}`,
    now = readClock,
  }: { readonly node?: string; readonly now?: () => EpochMs } = {},
): Promise<Store> =>
  openSqliteFile(file, identityTables(sqliteSpelling), (database) =>
    openSqlStore(
      new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) }),
      new Statements(sqliteStatements, auditShapes, [new RenamedTables(identityAudit)]),
      { node, now, writeAlone: async () => {}, close: async () => database.close() },
    ),
  );
