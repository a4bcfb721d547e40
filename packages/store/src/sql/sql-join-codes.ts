import { epochMs } from '@cd-push/protocol';
import type { Selectable } from 'kysely';

import type { JoinCode, JoinCodeStore } from '../ports/join-codes.ts';
import { readLabels, readTexts } from './columns.ts';
import { membershipsOf, runtimeOf } from './sql-runtimes.ts';
import type { Tables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlJoinCodes = (unit: UnitOfWork): JoinCodeStore => ({
  create: (code, entry) =>
    unit.run(code.createdAt, async ({ tables, audit }) => {
      await tables
        .deleteFrom('join_codes')
        .where((row) => row.or([row('expires_at', '<=', code.createdAt), row('uses_left', '<=', 0)]))
        .execute();
      const row = await tables
        .insertInto('join_codes')
        .values({
          id: code.id,
          hash: code.hash,
          module: code.module,
          environment: code.environment,
          labels: JSON.stringify(code.labels),
          groups: JSON.stringify(code.groups),
          identities: code.identities === null ? null : JSON.stringify(code.identities),
          approvals: code.approvals,
          uses_left: code.uses,
          created_by: code.createdBy,
          created_at: code.createdAt,
          expires_at: code.expiresAt,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      audit(entry);
      return joinCodeOf(row);
    }),

  identitiesOf: async (hash) => {
    const row = await unit.tables
      .selectFrom('join_codes')
      .select('identities')
      .where('hash', '=', hash)
      .executeTakeFirst();
    return row && identitiesIn(row);
  },

  list: async (at) => {
    const rows = await unit.tables
      .selectFrom('join_codes')
      .selectAll()
      .where('expires_at', '>', at)
      .where('uses_left', '>', 0)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(joinCodeOf);
  },

  remove: (id, at, entry) =>
    unit.run(at, async ({ tables, audit }) => {
      const { numDeletedRows } = await tables
        .deleteFrom('join_codes')
        .where('id', '=', id)
        .executeTakeFirst();
      if (numDeletedRows === 0n) return false;
      audit(entry);
      return true;
    }),

  enrol: ({ hash, guid, name, publicKey, at }, entryOf) =>
    unit.run(at, async ({ tables, tell, audit }) => {
      const code = await tables
        .updateTable('join_codes')
        .set((row) => ({ uses_left: row('uses_left', '-', 1) }))
        .where('hash', '=', hash)
        .where('expires_at', '>', at)
        .where('uses_left', '>', 0)
        .returningAll()
        .executeTakeFirst();
      if (code === undefined) return undefined;
      const row = await tables
        .insertInto('runtimes')
        .values({
          guid,
          name,
          module: code.module,
          environment: code.environment,
          labels: code.labels,
          approvals: code.approvals,
          public_key: publicKey.x,
          user_id: code.created_by,
          created_at: at,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      for (const group of new Set(readTexts(code.groups, 'join_codes.groups'))) {
        await tables
          .insertInto('subscriptions')
          .values({ group_name: group, user_id: null, runtime_guid: guid, created_at: at })
          .execute();
      }
      tell({ kind: 'runtimes-changed', guid });
      const made = runtimeOf(row, await membershipsOf(tables, [row]).execute());
      audit(entryOf?.(made));
      return made;
    }),
});

const identitiesIn = ({ identities }: Pick<Selectable<Tables['join_codes']>, 'identities'>) =>
  identities === null ? null : readTexts(identities, 'join_codes.identities');

const joinCodeOf = (row: Selectable<Tables['join_codes']>): JoinCode => ({
  id: row.id,
  module: row.module,
  environment: row.environment,
  labels: readLabels(row.labels),
  groups: readTexts(row.groups, 'join_codes.groups'),
  identities: identitiesIn(row),
  approvals: row.approvals,
  usesLeft: row.uses_left,
  createdBy: row.created_by,
  createdAt: epochMs(row.created_at),
  expiresAt: epochMs(row.expires_at),
});
