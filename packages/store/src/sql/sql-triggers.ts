import type { TriggerStore } from '../ports/triggers.ts';
import { readCarries } from './columns.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlTriggers = (unit: UnitOfWork): TriggerStore => ({
  list: async () => {
    const rows = await unit.tables.selectFrom('triggers').selectAll().orderBy('trigger').execute();
    return rows.map(({ trigger, emits, carries }) => ({ trigger, emits, carries: readCarries(carries) }));
  },

  put: ({ trigger, emits, carries }, at, entry) =>
    unit.run(at, async ({ tables, tell, audit }) => {
      await tables
        .insertInto('triggers')
        .values({ trigger, emits, carries })
        .onConflict((conflict) => conflict.column('trigger').doUpdateSet({ emits, carries }))
        .execute();
      tell({ kind: 'triggers-changed' });
      audit(entry);
    }),

  remove: (name, at, entry) =>
    unit.run(at, async ({ tables, tell, audit }) => {
      const { numDeletedRows } = await tables
        .deleteFrom('triggers')
        .where('trigger', '=', name)
        .executeTakeFirst();
      if (numDeletedRows === 0n) return false;
      tell({ kind: 'triggers-changed' });
      audit(entry);
      return true;
    }),
});
