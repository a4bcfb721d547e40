import { join } from 'node:path';
import { Kysely } from 'kysely';
import type { SQLInputValue } from 'node:sqlite';
import { expect, test } from 'vitest';

import { identityTables } from '../src/sql/migrations.ts';
import { membershipsOf } from '../src/sql/sql-runtimes.ts';
import type { Tables } from '../src/sql/tables.ts';
import { NodeSqliteDialect } from '../src/sqlite/node-sqlite-dialect.ts';
import { openSqliteFile } from '../src/sqlite/sqlite-file.ts';
import { sqliteSpelling } from '../src/sqlite/sqlite-spelling.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('what a runtime is a member of is found by indexes, however many there are', async () => {
  const file = join(temporaryFolder(), 'store.db');
  await openSqliteFile(file, identityTables(sqliteSpelling), async (database) => {
    const tables = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) });
    const { sql, parameters } = membershipsOf(tables, [
      { guid: 'a', user_id: 1 },
      { guid: 'b', user_id: null },
    ]).compile();
    const plan = database.prepare(`explain query plan ${sql}`).all(...(parameters as SQLInputValue[]));
    database.close();
    const steps = plan.map(({ detail }) => String(detail));
    expect(steps.filter((step) => step.startsWith('SCAN'))).toEqual([]);
    expect(steps.filter((step) => step.startsWith('SEARCH'))).toHaveLength(2);
  });
});
