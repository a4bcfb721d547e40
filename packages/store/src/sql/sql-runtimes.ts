import { epochMs } from '@cd-push/protocol';
import type { Kysely, Selectable } from 'kysely';

import type { Runtime, RuntimeStore } from '../ports/runtimes.ts';
import { readLabels, readPublicKey } from './columns.ts';
import type { Tables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlRuntimes = (unit: UnitOfWork): RuntimeStore => ({
  get: async (guid) => (await listRuntimes(unit.tables, [guid]))[0],

  list: (guids) => listRuntimes(unit.tables, guids),

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

const listRuntimes = async (tables: Kysely<Tables>, guids?: readonly string[]): Promise<Runtime[]> => {
  const all = tables.selectFrom('runtimes').selectAll().orderBy('created_at').orderBy('guid');
  const some = guids === undefined ? all : all.where('guid', 'in', listOf(guids));
  // PostgreSQL takes no list of nothing.
  const rows = guids?.length === 0 ? [] : await some.execute();
  if (rows.length === 0) return [];
  const memberships = await (
    guids === undefined ? tables.selectFrom('subscriptions').selectAll() : membershipsOf(tables, rows)
  ).execute();
  const byUser = Map.groupBy(memberships, (entry) => entry.user_id);
  const byRuntime = Map.groupBy(memberships, (entry) => entry.runtime_guid);
  return rows.map((row) => {
    const inherited = row.user_id === null ? [] : (byUser.get(row.user_id) ?? []);
    return runtimeOf(row, [...inherited, ...(byRuntime.get(row.guid) ?? [])]);
  });
};

/** Filled up by its last value to a power of four: a statement is prepared, and kept, for each length of a list. */
const listOf = <Value>(values: readonly Value[]): Value[] => {
  let length = 1;
  while (length < values.length) length *= 4;
  return [...values, ...values.slice(-1).flatMap((last) => Array<Value>(length - values.length).fill(last))];
};

/** Memberships that count for runtimes, of which there is one at least: their own and their users'. */
export const membershipsOf = (
  tables: Kysely<Tables>,
  runtimes: readonly { readonly guid: string; readonly user_id: number | null }[],
) => {
  const users = new Set(runtimes.flatMap(({ user_id }) => (user_id === null ? [] : [user_id])));
  return tables
    .selectFrom('subscriptions')
    .selectAll()
    .where((row) =>
      row.or([
        row('runtime_guid', 'in', listOf(runtimes.map(({ guid }) => guid))),
        ...(users.size === 0 ? [] : [row('user_id', 'in', listOf([...users]))]),
      ]),
    );
};

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
