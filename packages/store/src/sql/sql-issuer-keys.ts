import { epochMs } from '@cd-push/protocol';

import type { IssuerKey, IssuerKeyStore } from '../ports/issuer-keys.ts';
import { readPublicKey } from './columns.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlIssuerKeys = (unit: UnitOfWork): IssuerKeyStore => ({
  list: async () => {
    const rows = await unit.tables
      .selectFrom('issuer_keys')
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('kid')
      .execute();
    return rows.map(({ kid, x, d, created_at }) => ({
      kid,
      publicKey: readPublicKey(x),
      d,
      createdAt: epochMs(created_at),
    }));
  },

  add: async (key) => {
    await unit.tables
      .insertInto('issuer_keys')
      .values({ ...cellsOf(key), first: null })
      .execute();
  },

  addFirst: (key) =>
    unit.run(key.createdAt, async ({ tables }) => {
      const known = await tables.selectFrom('issuer_keys').select('kid').limit(1).executeTakeFirst();
      if (known !== undefined) return false;
      // Whoever looked at the same time finds that there is a first one by now.
      const { numInsertedOrUpdatedRows } = await tables
        .insertInto('issuer_keys')
        .values({ ...cellsOf(key), first: 1 })
        .onConflict((conflict) => conflict.column('first').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    }),

  name: async (offered) => {
    await unit.tables
      .insertInto('issuer_name')
      .values({ id: 1, name: offered })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    const { name } = await unit.tables.selectFrom('issuer_name').select('name').executeTakeFirstOrThrow();
    return name;
  },
});

const cellsOf = ({ kid, publicKey, d, createdAt }: IssuerKey) => ({
  kid,
  x: publicKey.x,
  d,
  created_at: createdAt,
});
