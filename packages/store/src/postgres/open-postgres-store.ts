import { randomUUID } from 'node:crypto';

import { now as readClock, type EpochMs } from '@cd-push/protocol';
import { Kysely, sql } from 'kysely';

import { RenamedTables } from '../audit/renamed-tables.ts';
import { auditShapes, identityAudit } from '../audit/tables.ts';
import type { Store } from '../ports/store.ts';
import { identityTables } from '../sql/migrations.ts';
import { openSqlStore } from '../sql/sql-store.ts';
import type { Tables } from '../sql/tables.ts';
import { Statements } from '../statements/statements.ts';
import { openPool, type PostgresPlace } from './postgres-pool.ts';
import { postgresSpelling } from './postgres-spelling.ts';
import { postgresStatements } from './postgres-statements.ts';
import { SchemaDialect } from './schema-dialect.ts';

/**
 * Opens the store in a schema of a PostgreSQL database (13 or later), which several processes may share. It holds the
 * issuer's private key: only the api should be allowed to read it.
 *
 * @param options.node names the chain of the audit that this process writes: another one for each run of each process.
 * @throws {StoreError} `unreachable`, or `newer-schema` than this program knows.
 */
export const openPostgresStore = async ({
  node = `api-${randomUUID()}`,
  now = readClock,
  ...place
}: PostgresPlace & { readonly node?: string; readonly now?: () => EpochMs }): Promise<Store> => {
  const { pool, schema } = await openPool(place, identityTables(postgresSpelling));
  const tables = new Kysely<Tables>({ dialect: new SchemaDialect({ pool }, schema) });
  const close = () => pool.end();
  try {
    return await openSqlStore(
      tables,
      new Statements(postgresStatements, auditShapes, [new RenamedTables(identityAudit)]),
      {
        node,
        now,
        // Identities change seldom; in return nobody has to think of two changes at once.
        writeAlone: async (transaction) => {
          await sql`lock table changes in share row exclusive mode`.execute(transaction);
        },
        close,
      },
    );
  } catch (error) {
    await close();
    throw error;
  }
};
