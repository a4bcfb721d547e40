import { epochMs, type EpochMs } from '@cd-push/protocol';
import type { Kysely, Selectable } from 'kysely';

import {
  voidsSignatures,
  type RevocationReason,
  type Rotation,
  type Session,
  type SessionStore,
} from '../ports/sessions.ts';
import { readPublicKey, readReason } from './columns.ts';
import type { Tables } from './tables.ts';
import type { UnitOfWork, Work } from './unit-of-work.ts';

export const sqlSessions = (unit: UnitOfWork): SessionStore => ({
  create: ({ refresh, ...session }) =>
    unit.run(session.createdAt, async ({ tables }) => {
      await forget(tables, session.createdAt);
      const row = await tables
        .insertInto('sessions')
        .values({
          id: session.id,
          user_id: session.userId,
          client_id: session.clientId,
          public_key: session.publicKey?.x ?? null,
          created_at: session.createdAt,
          expires_at: session.expiresAt,
          revoked_at: null,
          revoked_reason: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await addRefreshToken(tables, session.id, refresh);
      return sessionOf(row);
    }),

  get: (id) => sessionWith(unit.tables, id),

  ofRefreshToken: async (hash) => {
    const token = await refreshToken(unit.tables, hash);
    const session = token && (await sessionWith(unit.tables, token.session_id));
    return session && { session, spent: token.spent_at !== null };
  },

  rotate: (hash, next, proved, at) =>
    unit.run(at, async (work): Promise<Rotation> => {
      const { tables } = work;
      const token = await refreshToken(tables, hash);
      if (token === undefined) return { kind: 'unknown' };
      const session = await sessionWith(tables, token.session_id);
      if (session === undefined) return { kind: 'unknown' };
      if (session.revoked !== null) return { kind: 'revoked' };
      if (token.spent_at !== null) {
        const successor = token.successor === null ? undefined : await refreshToken(tables, token.successor);
        if (!proved || successor === undefined || successor.spent_at !== null) {
          await endSession(work, session.id, 'refresh-reuse', at);
          return { kind: 'reused', session };
        }
        await tables.deleteFrom('refresh_tokens').where('hash', '=', successor.hash).execute();
      }
      if (token.expires_at <= at || session.expiresAt <= at) return { kind: 'expired' };
      await tables
        .updateTable('refresh_tokens')
        .set({ spent_at: at, successor: next.hash })
        .where('hash', '=', hash)
        .execute();
      // A spent token is kept to recognise its reuse, until it would not be taken anyway.
      await tables
        .deleteFrom('refresh_tokens')
        .where('session_id', '=', session.id)
        .where('expires_at', '<=', at)
        .execute();
      await addRefreshToken(tables, session.id, next);
      return { kind: 'rotated', session };
    }),

  revoke: (id, reason, at) => unit.run(at, (work) => endSession(work, id, reason, at)),

  listVoided: async () => {
    const rows = await unit.tables
      .selectFrom('sessions')
      .selectAll()
      .where('revoked_at', 'is not', null)
      .orderBy('revoked_at')
      .orderBy('id')
      .execute();
    return rows.map(sessionOf).filter(({ revoked }) => revoked !== null && voidsSignatures(revoked.reason));
  },

  keepLegacyToken: async (sessionId, { hash, expiresAt }) => {
    await unit.tables
      .insertInto('legacy_tokens')
      .values({ hash, session_id: sessionId, expires_at: expiresAt })
      .execute();
  },

  ofLegacyToken: async (hash) => {
    const token = await unit.tables
      .selectFrom('legacy_tokens')
      .selectAll()
      .where('hash', '=', hash)
      .executeTakeFirst();
    const session = token && (await sessionWith(unit.tables, token.session_id));
    return session && { session, expiresAt: epochMs(token.expires_at) };
  },
});

/** Ends a session within a larger change. Answers false where it is unknown or ended before. */
export const endSession = async (
  { tables, tell }: Work,
  id: string,
  reason: RevocationReason,
  at: EpochMs,
): Promise<boolean> => {
  const { numUpdatedRows } = await tables
    .updateTable('sessions')
    .set({ revoked_at: at, revoked_reason: reason })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  tell({ kind: 'session-revoked', sid: id, reason });
  return true;
};

/** Removes sessions that have expired; one whose signatures are void is remembered for good. */
const forget = async (tables: Kysely<Tables>, at: EpochMs): Promise<void> => {
  await tables
    .deleteFrom('sessions')
    .where('expires_at', '<=', at)
    .where((row) => row.or([row('revoked_at', 'is', null), row('revoked_reason', '=', 'logout')]))
    .execute();
};

const refreshToken = (
  tables: Kysely<Tables>,
  hash: string,
): Promise<Selectable<Tables['refresh_tokens']> | undefined> =>
  tables.selectFrom('refresh_tokens').selectAll().where('hash', '=', hash).executeTakeFirst();

const addRefreshToken = async (
  tables: Kysely<Tables>,
  sessionId: string,
  { hash, expiresAt }: { readonly hash: string; readonly expiresAt: EpochMs },
): Promise<void> => {
  await tables
    .insertInto('refresh_tokens')
    .values({ hash, session_id: sessionId, expires_at: expiresAt, spent_at: null, successor: null })
    .execute();
};

const sessionWith = async (tables: Kysely<Tables>, id: string): Promise<Session | undefined> => {
  const row = await tables.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
  return row && sessionOf(row);
};

const sessionOf = (row: Selectable<Tables['sessions']>): Session => ({
  id: row.id,
  userId: row.user_id,
  clientId: row.client_id,
  publicKey: row.public_key === null ? null : readPublicKey(row.public_key),
  createdAt: epochMs(row.created_at),
  expiresAt: epochMs(row.expires_at),
  revoked:
    row.revoked_at === null || row.revoked_reason === null
      ? null
      : { at: epochMs(row.revoked_at), reason: readReason(row.revoked_reason) },
});
