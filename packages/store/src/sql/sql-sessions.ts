import { epochMs, type EpochMs } from '@cd-push/protocol';
import type { Kysely, Selectable } from 'kysely';

import {
  voidsSignatures,
  type RevocationReason,
  type NewSession,
  type Session,
  type SessionStore,
} from '../ports/sessions.ts';
import { readPublicKey, readReason } from './columns.ts';
import type { Tables } from './tables.ts';
import type { UnitOfWork, Work } from './unit-of-work.ts';

export const sqlSessions = (unit: UnitOfWork): SessionStore => ({
  create: (session, entry) =>
    unit.run(session.createdAt, async ({ tables, audit }) => {
      const made = await addSession(tables, session);
      audit(entry);
      return made;
    }),

  get: (id) => sessionWith(unit.tables, id),

  revoke: (id, reason, at, entry) =>
    unit.run(at, async (work) => {
      const isEnded = await endSession(work, id, reason, at);
      if (isEnded) work.audit(entry);
      return isEnded;
    }),

  revokeAll: (identity, reason, at, entry) =>
    unit.run(at, async (work) => {
      const open = await work.tables
        .selectFrom('sessions')
        .select('id')
        .where('identity', '=', identity)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', at)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      for (const { id } of open) await endSession(work, id, reason, at);
      if (open.length > 0) work.audit(entry);
    }),

  listVoided: async () => {
    const rows = await unit.tables
      .selectFrom('sessions')
      .selectAll()
      .where('revoked_at', 'is not', null)
      .where('revoked_reason', '<>', 'identity-revoked')
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

/** Makes a session within a larger change. */
export const addSession = async (tables: Kysely<Tables>, session: NewSession): Promise<Session> => {
  await forget(tables, session.createdAt);
  const row = await tables
    .insertInto('sessions')
    .values({
      id: session.id,
      user_id: session.userId,
      client_id: session.clientId,
      public_key: session.publicKey?.x ?? null,
      identity: session.acting?.identity ?? null,
      delegation: session.acting?.delegation ?? null,
      created_at: session.createdAt,
      expires_at: session.expiresAt,
      revoked_at: null,
      revoked_reason: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return sessionOf(row);
};

/** Ends the sessions of an identity within its own end, which is what is told. */
export const endSessionsOf = async (tables: Kysely<Tables>, identity: string, at: EpochMs): Promise<void> => {
  const reason: RevocationReason = 'identity-revoked';
  await tables
    .updateTable('sessions')
    .set({ revoked_at: at, revoked_reason: reason })
    .where('identity', '=', identity)
    .where('revoked_at', 'is', null)
    .execute();
};

/** Ends a session within a larger change. Answers false where it is unknown or ended before. */
export const endSession = async (
  { tables, tell }: Pick<Work, 'tables' | 'tell'>,
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

/** Removes sessions that have expired; one whose signatures are void by itself is remembered for good. */
const forget = async (tables: Kysely<Tables>, at: EpochMs): Promise<void> => {
  await tables
    .deleteFrom('sessions')
    .where('expires_at', '<=', at)
    .where((row) =>
      row.or([row('revoked_at', 'is', null), row('revoked_reason', 'in', ['logout', 'identity-revoked'])]),
    )
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
  acting:
    row.identity === null || row.delegation === null
      ? null
      : { identity: row.identity, delegation: row.delegation },
  createdAt: epochMs(row.created_at),
  expiresAt: epochMs(row.expires_at),
  revoked:
    row.revoked_at === null || row.revoked_reason === null
      ? null
      : { at: epochMs(row.revoked_at), reason: readReason(row.revoked_reason) },
});
