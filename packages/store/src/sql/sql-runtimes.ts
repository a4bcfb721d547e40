import { epochMs } from '@cd-push/protocol';
import type { Kysely, Selectable } from 'kysely';

import type { Runtime, RuntimeStore } from '../ports/runtimes.ts';
import { readLabels, readPublicKey } from './columns.ts';
import type { Tables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlRuntimes = (unit: UnitOfWork): RuntimeStore => ({
  get: async (guid) => {
    const row = await unit.tables
      .selectFrom('runtimes')
      .selectAll()
      .where('guid', '=', guid)
      .executeTakeFirst();
    return row && runtimeOf(row, await groupsOf(unit.tables, row));
  },

  list: async () => {
    const rows = await unit.tables
      .selectFrom('runtimes')
      .selectAll()
      .orderBy('created_at')
      .orderBy('guid')
      .execute();
    const subscriptions = await unit.tables.selectFrom('subscriptions').selectAll().execute();
    const byUser = Map.groupBy(subscriptions, (entry) => entry.user_id);
    const byRuntime = Map.groupBy(subscriptions, (entry) => entry.runtime_guid);
    return rows.map((row) => {
      const inherited = row.user_id === null ? [] : (byUser.get(row.user_id) ?? []);
      return runtimeOf(row, [...inherited, ...(byRuntime.get(row.guid) ?? [])]);
    });
  },

  connected: (guid, at) =>
    unit.run(at, async ({ tables, tell }) => {
      const { numUpdatedRows } = await tables
        .updateTable('runtimes')
        .set({ connected_at: at })
        .where('guid', '=', guid)
        .where('connected_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) tell({ kind: 'runtimes-changed', guid });
    }),

  remove: (guid, at, entry) =>
    unit.run(at, async ({ tables, tell, audit }) => {
      const { numDeletedRows } = await tables
        .deleteFrom('runtimes')
        .where('guid', '=', guid)
        .executeTakeFirst();
      if (numDeletedRows === 0n) return false;
      tell({ kind: 'runtime-removed', guid });
      audit(entry);
      return true;
    }),
});

/** Memberships that count for a runtime: its own and its user's. */
export const groupsOf = (
  tables: Kysely<Tables>,
  { guid, user_id }: { readonly guid: string; readonly user_id: number | null },
): Promise<{ group_name: string }[]> =>
  tables
    .selectFrom('subscriptions')
    .select('group_name')
    .where((row) =>
      row.or([row('runtime_guid', '=', guid), ...(user_id === null ? [] : [row('user_id', '=', user_id)])]),
    )
    .execute();

export const runtimeOf = (
  row: Selectable<Tables['runtimes']>,
  memberships: readonly { readonly group_name: string }[],
): Runtime => ({
  guid: row.guid,
  name: row.name,
  module: row.module,
  environment: row.environment,
  labels: readLabels(row.labels),
  publicKey: readPublicKey(row.public_key),
  approvals: row.approvals,
  user: row.user_id,
  groups: [...new Set(memberships.map((entry) => entry.group_name))].toSorted(),
  createdAt: epochMs(row.created_at),
  connectedAt: row.connected_at === null ? null : epochMs(row.connected_at),
});
