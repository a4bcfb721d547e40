import { randomUUID } from 'node:crypto';

import type { AuditEntry } from '@cd-push/protocol';
import { verifyAudit } from '@cd-push/timeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Store } from '../../src/index.ts';
import { rowsOf } from './audit-rows.ts';
import { at, makeUser, newJoinCode, newSession, newUser, publicKey, type OpenStore } from './samples.ts';

const entry = (detail: string): AuditEntry => ({ at, event: 'user', who: null, outcome: 'ok', detail });
const trigger = { trigger: 'release', emits: 'announce', carries: 'notice' } as const;

/** What every adapter of {@link Store} holds to about its audit. */
export const storeAuditContract = (open: OpenStore): void => {
  describe('the audit of a store', () => {
    let store: Store;
    let userId: number;
    beforeEach(async () => {
      store = await open();
      userId = await makeUser(store, 'Ada');
    });
    afterEach(() => store.close());

    const told = async (): Promise<unknown[]> =>
      (await rowsOf(store.audit)).map(({ event, detail }) => (event === 'opened' ? event : detail));

    test('its chain begins when it is opened, and names this run', async () => {
      expect(await rowsOf(store.audit)).toMatchObject([
        { node: store.audit.node, sequence: 1, previous: null, event: 'opened', heads: [] },
      ]);
      expect(store.audit.node).toMatch(/^api-/);
    });

    test('a row that comes with a change is written with it', async () => {
      const session = newSession(userId);
      await store.sessions.create(session, entry('session'));
      await store.sessions.revoke(session.id, 'logout', at, entry('revoke'));
      await store.users.setGrants(userId, [], at, entry('grants'));
      await store.users.setRoles(userId, [], at, entry('roles'));
      const code = newJoinCode(userId);
      await store.joinCodes.create(code, entry('code'));
      const guid = randomUUID();
      const enrolment = { hash: code.hash, guid, name: 'till', publicKey: publicKey('B'), at };
      await store.joinCodes.enrol(enrolment, (made) => entry(`enrol ${made.guid} of ${made.user}`));
      const withdrawn = await store.joinCodes.create(newJoinCode(userId));
      await store.joinCodes.remove(withdrawn.id, at, entry('withdraw'));
      const joined = await store.subscriptions.add('a', { kind: 'user', userId }, at, entry('join'));
      await store.subscriptions.remove(joined!.id, at, entry('leave'));
      await store.triggers.put(trigger, at, entry('put'));
      await store.triggers.remove('release', at, entry('take'));
      await store.runtimes.remove(guid, at, entry('runtime'));
      await store.users.remove(userId, at, entry('user'));
      const made = await store.users.create(newUser('Bob'), (user) => entry(`made ${user.id}`));
      expect(await told()).toEqual([
        'opened',
        'session',
        'revoke',
        'grants',
        'roles',
        'code',
        `enrol ${guid} of ${userId}`,
        'withdraw',
        'join',
        'leave',
        'put',
        'take',
        'runtime',
        'user',
        `made ${made!.id}`,
      ]);
    });

    test('where nothing is changed no row is written', async () => {
      const wrong = entry('never');
      await store.sessions.revoke('none', 'logout', at, wrong);
      await store.users.create(newUser('ADA'), () => wrong);
      await store.users.setGrants(99, [], at, wrong);
      await store.users.setRoles(99, [], at, wrong);
      await store.users.remove(99, at, wrong);
      await store.runtimes.remove('none', at, wrong);
      await store.joinCodes.remove('none', at, wrong);
      const enrolment = { hash: 'none', guid: randomUUID(), name: 'x', publicKey: publicKey('B'), at };
      await store.joinCodes.enrol(enrolment, () => wrong);
      await store.subscriptions.add('a', { kind: 'user', userId }, at);
      await store.subscriptions.add('a', { kind: 'user', userId }, at, wrong);
      await store.subscriptions.add('a', { kind: 'user', userId: 99 }, at, wrong);
      await store.subscriptions.remove(99, at, wrong);
      await store.triggers.remove('none', at, wrong);
      expect(await told()).toEqual(['opened']);
    });

    test('the rows of an identity come with its events, in their order, and not with those that another was quicker than', async () => {
      const made = { events: ['event 0'], tip: 'ada', n: 0, state: 's', at };
      await store.identities.register({ address: 'ada', userId, ...made }, [
        entry('bound'),
        entry('claimed once'),
      ]);
      await store.identities.register({ address: 'ada', userId, ...made }, [entry('never')]);
      const next = { address: 'ada', events: ['event 1'], tip: 'one', n: 1, state: 's', at };
      await store.identities.append({ ...next, from: 'ada' }, newSession(userId), [
        entry('rotated'),
        entry('claimed'),
      ]);
      await store.identities.append({ ...next, from: 'ada' }, newSession(userId), [entry('never')]);
      await store.identities.end({ ...next, from: 'one', n: 2, tip: 'two' }, [entry('ended')]);
      await store.identities.end({ ...next, from: 'two', n: 3, tip: 'three' }, [entry('never')]);
      expect(await told()).toEqual(['opened', 'bound', 'claimed once', 'rotated', 'claimed', 'ended']);
    });

    test('a change that fails leaves no row', async () => {
      const session = newSession(userId);
      await store.sessions.create(session);
      await expect(store.sessions.create(session, entry('never'))).rejects.toThrow();
      expect(await told()).toEqual(['opened']);
    });

    test('the chain holds against its head, whoever writes at once', async () => {
      await Promise.all([
        store.audit.append([entry('one'), entry('two')]),
        store.sessions.create(newSession(userId), entry('three')),
        store.users.setGrants(userId, [], at, entry('four')),
        store.audit.append([entry('five')]),
      ]);
      const heads = await store.audit.heads(10);
      const rows = await store.audit.rows(undefined, 100);
      expect(await verifyAudit(rows, { heads })).toMatchObject({
        rows: 6,
        faults: [],
        chains: [{ kind: 'proven', sequence: 6 }],
      });
    });
  });
};
