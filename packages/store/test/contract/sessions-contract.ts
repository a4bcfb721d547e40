import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { NewSession, Session, Store } from '../../src/index.ts';
import { at, changesAfter, later, makeUser, newSession, type OpenStore } from './samples.ts';

/** What every adapter of {@link SessionStore} holds to. */
export const sessionsContract = (open: OpenStore): void => {
  describe('sessions', () => {
    let store: Store;
    let given: NewSession;
    let session: Session;

    beforeEach(async () => {
      store = await open();
      given = newSession(await makeUser(store, 'Ada'));
      session = await store.sessions.create(given);
    });
    afterEach(() => store.close());

    test('a session comes back as it was made', async () => {
      expect(session).toEqual({ ...given, revoked: null });
      expect(await store.sessions.get(given.id)).toEqual(session);
      expect(await store.sessions.get('other')).toBeUndefined();
    });

    test('all sessions of an identity end at once, each told by itself, and those of others go on', async () => {
      const acting = { identity: 'ada', delegation: 'claim' };
      const own = [newSession(given.userId, { acting }), newSession(given.userId, { acting })];
      const other = newSession(given.userId, { acting: { ...acting, identity: 'bob' } });
      for (const one of [...own, other]) await store.sessions.create(one);
      const head = await store.changes.head();
      await store.sessions.revokeAll('ada', 'logout', later(1));
      await store.sessions.revokeAll('ada', 'withdrawn', later(2));
      expect(await changesAfter(store, head)).toEqual(
        own
          .map(({ id }) => ({ kind: 'session-revoked' as const, sid: id, reason: 'logout' as const }))
          .toSorted((a, b) => (a.sid < b.sid ? -1 : 1)),
      );
      expect((await store.sessions.get(other.id))?.revoked).toBeNull();
      expect((await store.sessions.get(given.id))?.revoked).toBeNull();
    });

    test('a session ends once, and that is told once', async () => {
      const head = await store.changes.head();
      expect(await store.sessions.revoke(session.id, 'logout', later(1))).toBe(true);
      expect(await store.sessions.revoke(session.id, 'withdrawn', later(2))).toBe(false);
      expect(await store.sessions.revoke('other', 'logout', later(2))).toBe(false);
      expect(await changesAfter(store, head)).toEqual([
        { kind: 'session-revoked', sid: session.id, reason: 'logout' },
      ]);
    });

    test('signing out leaves signatures good; every other end voids them', async () => {
      const others = [newSession(given.userId), newSession(given.userId)];
      for (const other of others) await store.sessions.create(other);
      await store.sessions.revoke(session.id, 'logout', later(1));
      await store.sessions.revoke(others[0]!.id, 'withdrawn', later(3));
      await store.sessions.revoke(others[1]!.id, 'user-removed', later(2));
      expect((await store.sessions.listVoided()).map(({ id }) => id)).toEqual([others[1]!.id, others[0]!.id]);
    });

    test('an expired session is forgotten when the next is made, one whose signatures are void is not', async () => {
      const voided = newSession(given.userId);
      await store.sessions.create(voided);
      await store.sessions.revoke(voided.id, 'withdrawn', later(1));
      await store.sessions.create(
        newSession(given.userId, { createdAt: later(20_000), expiresAt: later(30_000) }),
      );
      expect(await store.sessions.get(session.id)).toBeUndefined();
      expect((await store.sessions.listVoided()).map(({ id }) => id)).toEqual([voided.id]);
    });

    test('a legacy token leads to its session', async () => {
      await store.sessions.keepLegacyToken(session.id, { hash: 'old', expiresAt: later(600) });
      expect(await store.sessions.ofLegacyToken('old')).toEqual({ session, expiresAt: later(600) });
      expect(await store.sessions.ofLegacyToken('other')).toBeUndefined();
    });

    test('a session without a key has none', async () => {
      const keyless = await store.sessions.create(
        newSession(given.userId, { publicKey: null, clientId: null }),
      );
      expect(await store.sessions.get(keyless.id)).toMatchObject({
        publicKey: null,
        clientId: null,
        createdAt: at,
      });
    });
  });
};
