import { randomUUID } from 'node:crypto';

import { epochMs, type Grant } from '@cd-push/protocol';
import type { Kysely, Selectable } from 'kysely';

import { nameKey, type User, type UserStore } from '../ports/users.ts';
import { readGrant, readRoles } from './columns.ts';
import { endSession } from './sql-sessions.ts';
import type { Tables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlUsers = (unit: UnitOfWork): UserStore => ({
  create: ({ name, passwordHash, roles, grants, at }, entryOf) =>
    unit.run(at, async ({ tables, tell, audit }) => {
      const row = await tables
        .insertInto('users')
        .values({
          guid: randomUUID(),
          name,
          name_key: nameKey(name),
          password_hash: passwordHash,
          roles: JSON.stringify(roles),
          created_at: at,
        })
        .onConflict((conflict) => conflict.column('name_key').doNothing())
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) return undefined;
      await writeGrants(tables, row.id, grants);
      tell({ kind: 'user-changed', userId: row.id, roles, removed: false });
      const made = userOf(row, [...grants]);
      audit(entryOf?.(made));
      return made;
    }),

  get: async (id) => {
    const row = await unit.tables.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
    return row && userOf(row, await grantsOf(unit.tables, id));
  },

  list: async () => {
    const rows = await unit.tables.selectFrom('users').selectAll().orderBy('id').execute();
    const grants = await unit.tables.selectFrom('grants').selectAll().orderBy('prefix').execute();
    const byUser = Map.groupBy(grants, (grant) => grant.user_id);
    return rows.map((row) => userOf(row, (byUser.get(row.id) ?? []).map(readGrant)));
  },

  findForLogin: async (name) => {
    const row = await unit.tables
      .selectFrom('users')
      .selectAll()
      .where('name_key', '=', nameKey(name))
      .executeTakeFirst();
    return row && { user: userOf(row, await grantsOf(unit.tables, row.id)), passwordHash: row.password_hash };
  },

  setGrants: (id, grants, at, entry) =>
    unit.run(at, async ({ tables, tell, audit }) => {
      if (!(await exists(tables, id))) return false;
      await tables.deleteFrom('grants').where('user_id', '=', id).execute();
      await writeGrants(tables, id, grants);
      tell({ kind: 'grants-changed', userId: id, grants });
      audit(entry);
      return true;
    }),

  setRoles: (id, roles, at, entry) =>
    unit.run(at, async ({ tables, tell, audit }) => {
      const { numUpdatedRows } = await tables
        .updateTable('users')
        .set({ roles: JSON.stringify(roles) })
        .where('id', '=', id)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      tell({ kind: 'user-changed', userId: id, roles, removed: false });
      audit(entry);
      return true;
    }),

  setPasswordHash: async (id, passwordHash) => {
    const { numUpdatedRows } = await unit.tables
      .updateTable('users')
      .set({ password_hash: passwordHash })
      .where('id', '=', id)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  },

  remove: (id, at, entry) =>
    unit.run(at, async ({ tables, tell, audit }) => {
      if (!(await exists(tables, id))) return false;
      const sessions = await tables
        .selectFrom('sessions')
        .select('id')
        .where('user_id', '=', id)
        .where('revoked_at', 'is', null)
        .orderBy('created_at')
        .execute();
      for (const session of sessions) await endSession({ tables, tell }, session.id, 'user-removed', at);
      const runtimes = await tables.selectFrom('runtimes').select('guid').where('user_id', '=', id).execute();
      // Grants, subscriptions and join codes go with the row; runtimes are left without a user.
      await tables.deleteFrom('users').where('id', '=', id).execute();
      tell({ kind: 'user-changed', userId: id, roles: [], removed: true });
      for (const { guid } of runtimes) tell({ kind: 'runtimes-changed', guid });
      audit(entry);
      return true;
    }),
});

const exists = async (tables: Kysely<Tables>, id: number): Promise<boolean> =>
  (await tables.selectFrom('users').select('id').where('id', '=', id).executeTakeFirst()) !== undefined;

const grantsOf = async (tables: Kysely<Tables>, userId: number): Promise<Grant[]> => {
  const rows = await tables
    .selectFrom('grants')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('prefix')
    .execute();
  return rows.map(readGrant);
};

const writeGrants = async (
  tables: Kysely<Tables>,
  userId: number,
  grants: readonly Grant[],
): Promise<void> => {
  if (grants.length === 0) return;
  const rows = mergeByPrefix(grants).map(({ prefix, environments }) => ({
    user_id: userId,
    prefix,
    environments: JSON.stringify(environments),
  }));
  await tables.insertInto('grants').values(rows).execute();
};

const mergeByPrefix = (grants: readonly Grant[]): Grant[] =>
  [...Map.groupBy(grants, (grant) => grant.prefix)].map(([prefix, same]) => ({
    prefix,
    environments: [...new Set(same.flatMap((grant) => grant.environments))],
  }));

const userOf = (row: Selectable<Tables['users']>, grants: Grant[]): User => ({
  id: row.id,
  guid: row.guid,
  name: row.name,
  roles: readRoles(row.roles),
  grants,
  createdAt: epochMs(row.created_at),
});
