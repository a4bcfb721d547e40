import { epochMs } from '@cd-push/protocol';
import type { Kysely, Selectable } from 'kysely';

import type { Member, Subscription, SubscriptionStore } from '../ports/subscriptions.ts';
import type { Tables } from './tables.ts';
import type { UnitOfWork, Work } from './unit-of-work.ts';

export const sqlSubscriptions = (unit: UnitOfWork): SubscriptionStore => ({
  add: (group, member, at, entry) =>
    unit.run(at, async (work) => {
      const { tables } = work;
      if (!(await memberExists(tables, member))) return undefined;
      const known = await ofMember(tables, member).where('group_name', '=', group).executeTakeFirst();
      if (known !== undefined) return subscriptionOf(known);
      const row = await tables
        .insertInto('subscriptions')
        .values({
          group_name: group,
          user_id: member.kind === 'user' ? member.userId : null,
          runtime_guid: member.kind === 'runtime' ? member.guid : null,
          created_at: at,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await tellOf(work, member);
      work.audit(entry);
      return subscriptionOf(row);
    }),

  get: async (id) => {
    const row = await unit.tables
      .selectFrom('subscriptions')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && subscriptionOf(row);
  },

  list: async (group) => {
    const all = unit.tables.selectFrom('subscriptions').selectAll().orderBy('id');
    const rows = await (group === undefined ? all : all.where('group_name', '=', group)).execute();
    return rows.map(subscriptionOf);
  },

  groupsOf: (member) => groupNames(unit.tables, member),

  remove: (id, at, entry) =>
    unit.run(at, async (work) => {
      const row = await work.tables
        .deleteFrom('subscriptions')
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) return false;
      await tellOf(work, subscriptionOf(row).member);
      work.audit(entry);
      return true;
    }),
});

const ofMember = (tables: Kysely<Tables>, member: Member) => {
  const all = tables.selectFrom('subscriptions').selectAll();
  switch (member.kind) {
    case 'user':
      return all.where('user_id', '=', member.userId);
    case 'runtime':
      return all.where('runtime_guid', '=', member.guid);
    default:
      return member satisfies never;
  }
};

const groupNames = async (tables: Kysely<Tables>, member: Member): Promise<string[]> =>
  (await ofMember(tables, member).execute()).map((row) => row.group_name).toSorted();

const memberExists = async (tables: Kysely<Tables>, member: Member): Promise<boolean> => {
  const row =
    member.kind === 'user'
      ? await tables.selectFrom('users').select('id').where('id', '=', member.userId).executeTakeFirst()
      : await tables.selectFrom('runtimes').select('guid').where('guid', '=', member.guid).executeTakeFirst();
  return row !== undefined;
};

/** A user's membership counts for that user's runtimes too. */
const tellOf = async ({ tables, tell }: Work, member: Member): Promise<void> => {
  if (member.kind === 'runtime') {
    tell({ kind: 'runtimes-changed', guid: member.guid });
    return;
  }
  tell({ kind: 'subscriptions-changed', userId: member.userId, groups: await groupNames(tables, member) });
  const owned = await tables
    .selectFrom('runtimes')
    .select('guid')
    .where('user_id', '=', member.userId)
    .execute();
  for (const { guid } of owned) tell({ kind: 'runtimes-changed', guid });
};

const subscriptionOf = (row: Selectable<Tables['subscriptions']>): Subscription => ({
  id: row.id,
  group: row.group_name,
  member:
    row.user_id === null
      ? { kind: 'runtime', guid: row.runtime_guid ?? '' }
      : { kind: 'user', userId: row.user_id },
  createdAt: epochMs(row.created_at),
});
