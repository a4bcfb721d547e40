import { join } from 'node:path';
import { Kysely } from 'kysely';
import { expect, test } from 'vitest';

import { auditChains } from '../src/audit/audit-chains.ts';
import { RenamedTables } from '../src/audit/renamed-tables.ts';
import { auditShapes, identityAudit } from '../src/audit/tables.ts';
import { identityTables } from '../src/sql/migrations.ts';
import { sqlChanges } from '../src/sql/sql-changes.ts';
import type { Tables } from '../src/sql/tables.ts';
import { UnitOfWork } from '../src/sql/unit-of-work.ts';
import { NodeSqliteDialect } from '../src/sqlite/node-sqlite-dialect.ts';
import { openSqliteFile } from '../src/sqlite/sqlite-file.ts';
import { sqliteSpelling } from '../src/sqlite/sqlite-spelling.ts';
import { sqliteStatements } from '../src/sqlite/sqlite-statements.ts';
import { Statements } from '../src/statements/statements.ts';
import { at } from './contract/samples.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('one commit tells of more runtimes than a statement takes values, in order', async () => {
  const file = join(temporaryFolder(), 'store.db');
  await openSqliteFile(file, identityTables(sqliteSpelling), async (database) => {
    const statements = new Statements(sqliteStatements, auditShapes, [new RenamedTables(identityAudit)]);
    const tables = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) });
    const unit = new UnitOfWork(tables, auditChains(statements, 'test'), async () => {});
    const count = 33_000;
    await unit.run(at, async ({ tell }) => {
      for (let index = 1; index <= count; index += 1) tell({ kind: 'runtimes-changed', guid: `${index}` });
    });
    const rows = await sqlChanges(unit).after(0, count + 1);
    expect(rows).toHaveLength(count);
    expect(
      rows.filter(({ sequence, change }) => 'guid' in change && change.guid === `${sequence}`),
    ).toHaveLength(count);
    database.close();
  });
});
