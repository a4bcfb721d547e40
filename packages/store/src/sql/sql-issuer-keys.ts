import { epochMs } from '@cd-push/protocol';

import type { IssuerKeyStore } from '../ports/issuer-keys.ts';
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

  add: async ({ kid, publicKey, d, createdAt }) => {
    await unit.tables
      .insertInto('issuer_keys')
      .values({ kid, x: publicKey.x, d, created_at: createdAt })
      .execute();
  },
});
