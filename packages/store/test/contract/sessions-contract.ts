import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { KeptToken, NewSession, Session, Store } from '../../src/index.ts';
import { at, changesAfter, later, makeUser, newSession, type OpenStore } from './samples.ts';

/** What every adapter of {@link SessionStore} holds to. */
export const sessionsContract = (open: OpenStore): void => {
  describe('sessions', () => {
    let store: Store;
    let given: NewSession;
    let session: Session;
    const next = (hash: string): KeptToken => ({ hash, expiresAt: later(6_000) });

    beforeEach(async () => {
      store = await open();
      given = newSession(await makeUser(store, 'Ada'));
      session = await store.sessions.create(given);
    });
    afterEach(() => store.close());

    test('a session comes back as it was made', async () => {
      const { refresh: _refresh, ...made } = given;
      expect(session).toEqual({ ...made, revoked: null });
      expect(await store.sessions.get(given.id)).toEqual(session);
      expect(await store.sessions.get('other')).toBeUndefined();
    });

    test('a refresh token is spent for the next one', async () => {
      expect(await store.sessions.rotate(given.refresh.hash, next('two'), false, later(1))).toEqual({
        kind: 'rotated',
        session,
      });
      expect(await store.sessions.ofRefreshToken(given.refresh.hash)).toEqual({ session, spent: true });
      expect(await store.sessions.ofRefreshToken('two')).toEqual({ session, spent: false });
      expect((await store.sessions.rotate('two', next('three'), false, later(2))).kind).toBe('rotated');
    });

    test('a spent refresh token ends the session and is told', async () => {
      await store.sessions.rotate(given.refresh.hash, next('two'), false, later(1));
      const head = await store.changes.head();
      expect((await store.sessions.rotate(given.refresh.hash, next('three'), false, later(2))).kind).toBe(
        'reused',
      );
      expect((await store.sessions.get(session.id))?.revoked).toEqual({
        at: later(2),
        reason: 'refresh-reuse',
      });
      expect(await changesAfter(store, head)).toEqual([
        { kind: 'session-revoked', sid: session.id, reason: 'refresh-reuse' },
      ]);
      expect((await store.sessions.rotate('two', next('four'), false, later(3))).kind).toBe('revoked');
    });

    test('a spent refresh token is taken again with proof while what it was spent for is unspent, which it replaces', async () => {
      await store.sessions.rotate(given.refresh.hash, next('lost'), true, later(1));
      const again = await store.sessions.rotate(given.refresh.hash, next('two'), true, later(2));
      expect(again).toEqual({ kind: 'rotated', session });
      expect(await store.sessions.ofRefreshToken('lost')).toBeUndefined();
      expect((await store.sessions.rotate('lost', next('x'), true, later(3))).kind).toBe('unknown');
      expect((await store.sessions.rotate('two', next('three'), true, later(4))).kind).toBe('rotated');
    });

    test('a spent refresh token ends the session, proof or not, once what it was spent for is spent', async () => {
      await store.sessions.rotate(given.refresh.hash, next('two'), true, later(1));
      await store.sessions.rotate('two', next('three'), true, later(2));
      expect((await store.sessions.rotate(given.refresh.hash, next('x'), true, later(3))).kind).toBe(
        'reused',
      );
      expect((await store.sessions.get(session.id))?.revoked?.reason).toBe('refresh-reuse');
    });

    test('of many who spend one refresh token at once, one gets the next and the session ends', async () => {
      const tries = Array.from({ length: 8 }, (_, index) =>
        store.sessions.rotate(given.refresh.hash, next(`next-${index}`), false, later(1)),
      );
      const kinds = (await Promise.all(tries)).map(({ kind }) => kind).toSorted();
      expect(kinds).toEqual([...Array<string>(6).fill('revoked'), 'reused', 'rotated'].toSorted());
    });

    test('an unknown refresh token changes nothing', async () => {
      const head = await store.changes.head();
      expect(await store.sessions.rotate('unknown', next('two'), false, later(1))).toEqual({
        kind: 'unknown',
      });
      expect(await store.changes.head()).toBe(head);
    });

    test.each([
      ['its own end', later(5_000), {}],
      ['its session’s end', later(2_000), { expiresAt: later(2_000) }],
    ])('a refresh token is not taken from %s on', async (_what, when, more) => {
      const other = newSession(given.userId, more);
      await store.sessions.create(other);
      expect(await store.sessions.rotate(other.refresh.hash, next('two'), false, when)).toEqual({
        kind: 'expired',
      });
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
      await store.sessions.revoke(others[1]!.id, 'refresh-reuse', later(2));
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
      expect(await store.sessions.ofRefreshToken(given.refresh.hash)).toBeUndefined();
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
