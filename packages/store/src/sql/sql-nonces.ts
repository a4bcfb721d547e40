import type { NonceStore } from '../ports/nonces.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlNonces = (unit: UnitOfWork): NonceStore => ({
  spend: (nonce, expiresAt, at) =>
    unit.run(at, async ({ tables }) => {
      await tables.deleteFrom('spent_nonces').where('expires_at', '<=', at).execute();
      const { numInsertedOrUpdatedRows } = await tables
        .insertInto('spent_nonces')
        .values({ nonce, expires_at: expiresAt })
        .onConflict((conflict) => conflict.column('nonce').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    }),
});
