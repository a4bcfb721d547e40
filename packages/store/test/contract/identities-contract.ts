import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Identity, NextEvents, Store } from '../../src/index.ts';
import { at, changesAfter, later, makeUser, newSession, type OpenStore } from './samples.ts';

/** What every adapter of {@link IdentityStore} holds to. */
export const identitiesContract = (open: OpenStore): void => {
  describe('identities', () => {
    let store: Store;
    let userId: number;
    let made: Awaited<ReturnType<Store['identities']['register']>>;
    const next = (from: string, n: number, more: Partial<NextEvents> = {}): NextEvents => ({
      address: 'ada',
      from,
      events: [`event ${n}`],
      tip: `tip ${n}`,
      n,
      state: `state ${n}`,
      at: later(n),
      ...more,
    });

    beforeEach(async () => {
      store = await open();
      userId = await makeUser(store, 'Ada');
      const inception = { events: ['event 0'], tip: 'ada', n: 0, state: 'state 0' };
      made = await store.identities.register({ address: 'ada', userId, at, ...inception });
    });
    afterEach(() => store.close());

    test('an identity comes back as it was registered, and is registered once', async () => {
      const expected: Identity = {
        address: 'ada',
        userId,
        tip: 'ada',
        n: 0,
        state: 'state 0',
        registeredAt: at,
        revokedAt: null,
      };
      expect(made).toEqual(expected);
      expect(await store.identities.get('ada')).toEqual(expected);
      expect(await store.identities.get('eve')).toBeUndefined();
      const again = { address: 'ada', userId: userId + 1, at, events: ['x'], tip: 'x', n: 0, state: 'x' };
      expect(await store.identities.register(again)).toBeUndefined();
      expect(await store.identities.get('ada')).toEqual(expected);
      expect(await store.identities.events('ada', 0, 10)).toEqual(['event 0']);
    });

    test('events are kept in order, and read from any of them on', async () => {
      await store.identities.append(next('ada', 2, { events: ['event 1', 'event 2'] }));
      await store.identities.append(next('tip 2', 3));
      expect(await store.identities.get('ada')).toMatchObject({ tip: 'tip 3', n: 3, state: 'state 3' });
      expect(await store.identities.events('ada', 0, 10)).toEqual([
        'event 0',
        'event 1',
        'event 2',
        'event 3',
      ]);
      expect(await store.identities.events('ada', 1, 2)).toEqual(['event 1', 'event 2']);
      expect(await store.identities.events('ada', 4, 2)).toEqual([]);
    });

    test('of many who follow one tip at once, one does, and only that one’s session is made', async () => {
      const sessions = Array.from({ length: 8 }, (_, index) =>
        newSession(userId, { acting: { identity: 'ada', delegation: `claim ${index}` } }),
      );
      const taken = await Promise.all(
        sessions.map((session, index) =>
          store.identities.append(next('ada', 1, { tip: `tip of ${index}` }), session),
        ),
      );
      expect(taken.filter((one) => one !== undefined)).toHaveLength(1);
      const kept = await Promise.all(sessions.map(({ id }) => store.sessions.get(id)));
      expect(kept.map((session) => session !== undefined)).toEqual(taken.map((one) => one !== undefined));
      const winner = taken.findIndex((one) => one !== undefined);
      expect(kept[winner]?.acting).toEqual({ identity: 'ada', delegation: `claim ${winner}` });
      expect(await store.identities.get('ada')).toMatchObject({ tip: `tip of ${winner}` });
    });

    test('a user has no more of them than are allowed, of which those that were ended are none', async () => {
      const at2 = { userId, at, events: ['e'], n: 0, state: 's', openAtMost: 2 };
      const register = (address: string) => store.identities.register({ ...at2, address, tip: address });
      const both = await Promise.all([register('one'), register('other')]);
      expect(both.filter((answer) => answer === 'too-many')).toHaveLength(1);
      expect(await register('ada')).toBeUndefined();
      expect(await register('another')).toBe('too-many');
      expect(await store.identities.get('another')).toBeUndefined();
      // Nothing has to be said by its keys: they may be lost.
      await store.identities.end(next('ada', 0, { events: [], tip: 'ada' }));
      expect(await store.identities.get('ada')).toMatchObject({ n: 0, tip: 'ada', revokedAt: later(0) });
      expect(await register('another')).toMatchObject({ address: 'another' });
    });

    test('its end is told once, ends all of its sessions, and nothing follows it', async () => {
      const acting = { identity: 'ada', delegation: 'claim' };
      const [own, other] = [newSession(userId, { acting }), newSession(userId)];
      await store.identities.append(next('ada', 1), own);
      await store.sessions.create(other);
      const head = await store.changes.head();
      expect(await store.identities.end(next('tip 1', 2))).toMatchObject({ n: 2, revokedAt: later(2) });
      expect(await store.identities.end(next('tip 2', 3))).toBeUndefined();
      expect(await store.identities.append(next('tip 2', 3))).toBeUndefined();
      expect(await changesAfter(store, head)).toEqual([{ kind: 'identity-revoked', identity: 'ada' }]);
      expect((await store.sessions.get(own.id))?.revoked).toEqual({
        at: later(2),
        reason: 'identity-revoked',
      });
      expect((await store.sessions.get(other.id))?.revoked).toBeNull();
      expect(await store.identities.listEnded()).toEqual(['ada']);
      // The identity's end says it of all of them, also of those that are forgotten by then.
      expect(await store.sessions.listVoided()).toEqual([]);
    });

    test('an identity outlives its user, so that nobody else registers it', async () => {
      await store.users.remove(userId, later(1));
      expect(await store.identities.get('ada')).toEqual(made);
    });
  });
};
