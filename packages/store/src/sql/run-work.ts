import { CompiledQuery, type Kysely } from 'kysely';

import type { Work } from '../statements/work.ts';

/** Takes the steps of work where Kysely's own queries run: on a database, or within a transaction of it. */
export const runWork = async <Tables, Value>(db: Kysely<Tables>, work: Work<Value>): Promise<Value> => {
  let step = work.next([]);
  while (step.done !== true) {
    const { sql, runs } = step.value;
    const rows: object[] = [];
    for (const cells of runs) {
      const result = await db.executeQuery<object>(CompiledQuery.raw(sql, [...cells]));
      rows.push(...result.rows);
    }
    step = work.next(rows);
  }
  return step.value;
};
