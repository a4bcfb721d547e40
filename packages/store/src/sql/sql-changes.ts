import { epochMs } from '@cd-push/protocol';

import type { ChangeFeed } from '../ports/changes.ts';
import { readChange } from './columns.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlChanges = (unit: UnitOfWork): ChangeFeed => ({
  head: () => headOf(unit),
  tail: async () => {
    const row = await unit.tables
      .selectFrom('changes')
      .select((columns) => columns.fn.min('sequence').as('tail'))
      .executeTakeFirst();
    return row?.tail ?? 0;
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
  prune: async (before) => {
    // The latest stays: it says where the feed stands.
    await unit.tables
      .deleteFrom('changes')
      .where('at', '<', before)
      .where('sequence', '<', await headOf(unit))
      .execute();
  },
});

const headOf = async (unit: UnitOfWork): Promise<number> => {
  const row = await unit.tables
    .selectFrom('changes')
    .select((columns) => columns.fn.max('sequence').as('head'))
    .executeTakeFirst();
  return row?.head ?? 0;
};
