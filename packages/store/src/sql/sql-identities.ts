import { epochMs, type EpochMs } from '@cd-push/protocol';
import type { Kysely, Selectable } from 'kysely';

import type { Identity, IdentityStore, NextEvents } from '../ports/identities.ts';
import { addSession, endSessionsOf } from './sql-sessions.ts';
import type { Tables } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

export const sqlIdentities = (unit: UnitOfWork): IdentityStore => ({
  register: ({ address, userId, events, tip, n, state, at, openAtMost = Infinity }, entries = []) =>
    unit.run(at, async ({ tables, audit }) => {
      const isFull = openAtMost < Infinity && (await openOf(tables, userId)) >= openAtMost;
      if (isFull && (await isKnown(tables, address))) return undefined;
      if (isFull) return 'too-many';
      const row = await tables
        .insertInto('identities')
        .values({ address, user_id: userId, tip, n, state, registered_at: at, revoked_at: null })
        .onConflict((conflict) => conflict.column('address').doNothing())
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) return undefined;
      await addEvents(tables, address, events, n);
      for (const entry of entries) audit(entry);
      return identityOf(row);
    }),

  get: async (address) => {
    const row = await unit.tables
      .selectFrom('identities')
      .selectAll()
      .where('address', '=', address)
      .executeTakeFirst();
    return row && identityOf(row);
  },

  events: async (address, from, limit) => {
    const rows = await unit.tables
      .selectFrom('identity_events')
      .select('event')
      .where('identity', '=', address)
      .where('n', '>=', from)
      .orderBy('n')
      .limit(limit)
      .execute();
    return rows.map(({ event }) => event);
  },

  append: (next, session, entries = []) =>
    unit.run(next.at, async ({ tables, audit }) => {
      const identity = await moveTip(tables, next, null);
      if (identity === undefined) return undefined;
      if (session !== undefined) await addSession(tables, session);
      for (const entry of entries) audit(entry);
      return identity;
    }),

  end: (next, entries = []) =>
    unit.run(next.at, async ({ tables, tell, audit }) => {
      const identity = await moveTip(tables, next, next.at);
      if (identity === undefined) return undefined;
      await endSessionsOf(tables, next.address, next.at);
      tell({ kind: 'identity-revoked', identity: next.address });
      for (const entry of entries) audit(entry);
      return identity;
    }),

  listEnded: async () => {
    const rows = await unit.tables
      .selectFrom('identities')
      .select('address')
      .where('revoked_at', 'is not', null)
      .orderBy('revoked_at')
      .orderBy('address')
      .execute();
    return rows.map(({ address }) => address);
  },
});

const openOf = async (tables: Kysely<Tables>, userId: number): Promise<number> => {
  const { count } = await tables
    .selectFrom('identities')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(count);
};

const isKnown = async (tables: Kysely<Tables>, address: string): Promise<boolean> => {
  const row = await tables
    .selectFrom('identities')
    .select('address')
    .where('address', '=', address)
    .executeTakeFirst();
  return row !== undefined;
};

/** Compare-and-swap: of those who follow one tip, one does. */
const moveTip = async (
  tables: Kysely<Tables>,
  { address, from, events, tip, n, state }: NextEvents,
  revokedAt: EpochMs | null,
): Promise<Identity | undefined> => {
  const row = await tables
    .updateTable('identities')
    .set({ tip, n, state, revoked_at: revokedAt })
    .where('address', '=', address)
    .where('tip', '=', from)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  await addEvents(tables, address, events, n);
  return identityOf(row);
};

/** @param last number of the last one. */
const addEvents = async (
  tables: Kysely<Tables>,
  identity: string,
  events: readonly string[],
  last: number,
): Promise<void> => {
  if (events.length === 0) return;
  const first = last - events.length + 1;
  await tables
    .insertInto('identity_events')
    .values(events.map((event, index) => ({ identity, n: first + index, event })))
    .execute();
};

const identityOf = (row: Selectable<Tables['identities']>): Identity => ({
  address: row.address,
  userId: row.user_id,
  tip: row.tip,
  n: row.n,
  state: row.state,
  registeredAt: epochMs(row.registered_at),
  revokedAt: row.revoked_at === null ? null : epochMs(row.revoked_at),
});
