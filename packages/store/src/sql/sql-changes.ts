import { epochMs } from '@cd-push/protocol';

import type { ChangeFeed } from '../ports/changes.ts';
import { readChange } from './columns.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlChanges = (unit: UnitOfWork): ChangeFeed => ({
  head: async () => {
    const row = await unit.tables
      .selectFrom('changes')
      .select((columns) => columns.fn.max('sequence').as('head'))
      .executeTakeFirst();
    return row?.head ?? 0;
  },
  after: async (sequence, limit) => {
    const rows = await unit.tables
      .selectFrom('changes')
      .selectAll()
      .where('sequence', '>', sequence)
      .orderBy('sequence')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      sequence: row.sequence,
      at: epochMs(row.at),
      change: readChange(row.change),
    }));
  },
  onAppended: (listener) => unit.onAppended(listener),
});
