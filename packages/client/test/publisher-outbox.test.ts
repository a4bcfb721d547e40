import { epochMs, problemOf } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { OutboxEntry } from '../src/outbox/outbox.ts';
import { cutWith } from './support/fake-relay.ts';
import { developerSession } from './support/fake-session.ts';
import {
  accept,
  notice,
  patchesOf,
  put,
  recipientView,
  refuse,
  SenderWorld,
  viewOf,
} from './support/sender-world.ts';

let world: SenderWorld;

beforeEach(async () => {
  world = await SenderWorld.start();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  vi.useRealTimers();
});

/** As if so much time had passed since. */
const passTime = (milliseconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
};

const kept = async (): Promise<string[]> =>
  (await world.outbox.claim()).map(({ statement }) =>
    statement.kind === 'patch'
      ? statement.patches.map(({ digest }) => digest ?? 'gone').join(' ')
      : statement.kind,
  );

/** What is pushed now is sent at once. */
const ready = async (): Promise<void> => {
  await world.connection.opened();
  await world.publisher.prepare('development', ['/shop/a.html']);
};

const delivery = { environment: 'development', targets: [{ guid: 'g' }] };

describe('[OUTBOX-1] a push is kept before it waits, or while it is sent', () => {
  test('and let go of when it was accepted', async () => {
    const push = world.publisher.push(put('one'));
    const one = await world.nth(0);
    await push.dispatched;
    expect(await kept()).toEqual([await digestOf('one')]);
    accept(one);
    await push.accepted;
    expect(await kept()).toEqual([]);
    expect(push.isOwed).toBe(false);
  });

  test('or refused for good', async () => {
    const push = world.publisher.push(put('one'));
    refuse(await world.nth(0), 'forbidden');
    expect(await push.accepted).toMatchObject({ status: false, error: { kind: 'forbidden' } });
    expect(await kept()).toEqual([]);
    expect(push.isOwed).toBe(false);
  });

  test('also where it has to wait: for the relay, or for the push before it', async () => {
    await world.connection.opened();
    world.publisher.push(put('one'));
    await world.nth(0);
    world.publisher.push(put('two'));
    await expect.poll(kept).toHaveLength(2);
    expect((await world.outbox.claim()).map(({ signed }) => signed !== null)).toEqual([true, false]);
    const { publisher } = world;
    cutWith(await world.relay.connection(0), 4001);
    await expect.poll(() => world.connection.status.state).toBe('connecting');
    publisher.notify({ ...delivery, message: 'away' });
    await expect.poll(kept).toHaveLength(3);
    expect(world.arrived).toHaveLength(1);
  });

  test('without anything by which somebody could sign in', async () => {
    world.publisher.push(put('one'));
    await world.nth(0);
    const text = JSON.stringify(await world.outbox.claim());
    expect(text).toContain('/shop/a.html');
    const { token } = world.session.facts;
    expect(text).not.toContain(token);
    expect(text).not.toContain('"d":');
  });

  test('while it is sent, and nobody is told that it is on its way before it is', async () => {
    await ready();
    const onDisk = Promise.withResolvers<void>();
    const keep = world.outbox.put.bind(world.outbox);
    vi.spyOn(world.outbox, 'put').mockImplementation(async (entry) => {
      await onDisk.promise;
      await keep(entry);
    });
    const push = world.publisher.push(put('one'));
    const told = vi.fn<() => void>();
    void push.dispatched.then(told);
    const one = await world.nth(0);
    expect(told).not.toHaveBeenCalled();
    onDisk.resolve();
    await push.dispatched;
    expect(await kept()).toEqual([await digestOf('one')]);
    accept(one);
    await push.accepted;
    expect(await kept()).toEqual([]);
  });

  describe('and one that cannot be kept', () => {
    const full = { kind: 'journal-unavailable', detail: expect.stringContaining('no space left') };
    beforeEach(() => {
      vi.spyOn(world.outbox, 'put').mockRejectedValue(new Error('no space left on device'));
    });

    test('has come to its end where the relay takes it', async () => {
      await ready();
      const push = world.publisher.push(put('one'));
      accept(await world.nth(0));
      expect(await push.accepted).toMatchObject({ status: true });
    });

    test('is not tried again where the relay does not, and its sender is told so', async () => {
      await ready();
      const push = world.publisher.push(put('one'));
      refuse(await world.nth(0), 'unavailable', { retryAfter: 0.01 });
      expect(await push.accepted).toMatchObject({ status: false, error: full });
      expect(push.isOwed).toBe(false);
      expect(world.arrived).toHaveLength(1);
    });

    test('is not sent where it would have to wait first', async () => {
      await world.connection.opened();
      cutWith(await world.relay.connection(0), 4001);
      await expect.poll(() => world.connection.status.state).toBe('connecting');
      const push = world.publisher.push(put('one'));
      expect(await push.accepted).toMatchObject({ status: false, error: full });
      expect(push.isOwed).toBe(false);
      expect(world.arrived).toEqual([]);
    });
  });
});

describe('[OUTBOX-2] a push is sent until it is accepted or refused for good', () => {
  test('over everything that may pass, and always the same signed one', async () => {
    const push = world.publisher.push(put('one'));
    refuse(await world.nth(0), 'journal-unavailable', { retryAfter: 0.01 });
    refuse(await world.nth(1), 'rate-limited', { retryAfter: 0.01 });
    refuse(await world.nth(2), 'internal');
    const fourth = await world.nth(3);
    expect(fourth.envelope).toEqual(world.arrived[0]!.envelope);
    accept(fourth);
    expect(await push.accepted).toMatchObject({ status: true });
  });

  test('and not before the relay wants it', async () => {
    const sentAt = performance.now();
    world.publisher.push(put('one'));
    refuse(await world.nth(0), 'rate-limited', { retryAfter: 0.8 });
    await world.nth(1);
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(800);
  });

  test('a refusal of one that was accepted when no answer came does not count', async () => {
    const push = world.publisher.push(put('one'));
    const first = await world.nth(0);
    world.track = { push: await viewOf(first, { recipients: [recipientView('r1', 'pushed')] }) };
    cutWith(first.socket, 4001);
    // The grant was taken away meanwhile, which the relay looks at first.
    refuse(await world.nth(1), 'forbidden');
    expect(await push.accepted).toMatchObject({ status: true, duplicate: true, recipients: ['r1'] });
    expect(await kept()).toEqual([]);
  });

  test('nothing is sent any more once the publisher is closed, and what was under way stays', async () => {
    const push = world.publisher.push(put('one'));
    const waiting = world.publisher.push(put('two'));
    await world.nth(0);
    world.publisher.close();
    expect(await push.accepted).toMatchObject({ status: false, error: { kind: 'unavailable' } });
    await waiting.accepted;
    expect([push.isOwed, waiting.isOwed]).toEqual([true, true]);
    expect(await kept()).toEqual([await digestOf('one'), await digestOf('two')]);
  });

  test('a session that was ended refuses nothing: the push waits for the next one', async () => {
    const push = world.publisher.push(put('one'));
    cutWith((await world.nth(0)).socket, 4006);
    expect(await push.accepted).toMatchObject({ status: false, error: { kind: 'session-revoked' } });
    expect(push.isOwed).toBe(true);
    expect(await kept()).toEqual([await digestOf('one')]);
  });
});

describe('[OUTBOX-3] the next sender goes on where one ended', () => {
  test('the same signed push again, and it hears what became of it since', async () => {
    world.publisher.push(put('one'));
    const first = await world.nth(0);
    await world.restart();
    const [push] = await world.publisher.resume();
    const second = await world.nth(1);
    expect(second.envelope).toEqual(first.envelope);
    world.track = { push: await viewOf(first, { recipients: [recipientView('r1', 'completed')] }) };
    accept(second, ['r1'], true);
    expect(await push!.accepted).toMatchObject({ status: true, duplicate: true });
    expect(await push!.settled('completed')).toMatchObject({ reached: [{ recipient: 'r1' }], missed: [] });
    expect(await kept()).toEqual([]);
  });

  test('each resource in order, and before what is pushed from then on', async () => {
    await world.publisher.prepare('development', ['/shop/a.html', '/shop/b.html']);
    world.publisher.push(put('a1'));
    await world.nth(0);
    world.publisher.push(put('a2'));
    world.publisher.push(put('b1', '/shop/b.html'));
    await expect.poll(kept).toHaveLength(3);
    await world.restart();
    const sent = world.arrived.length;
    const resuming = world.publisher.resume();
    world.publisher.push(put('a3'));
    const digests: (string | null)[] = [];
    for (let index = sent; index < sent + 4; index += 1) {
      const one = await world.nth(index);
      digests.push(patchesOf(one)[0]!.digest);
      accept(one);
    }
    expect(await resuming).toHaveLength(3);
    const [a1, a2, a3, b1] = await Promise.all(['a1', 'a2', 'a3', 'b1'].map(async (text) => digestOf(text)));
    expect(digests.filter((digest) => digest !== b1)).toEqual([a1, a2, a3]);
    expect(digests).toContain(b1);
  });

  test('one that never was signed goes upon what is in place, but not over what is newer', async () => {
    world.publisher.push(put('one'));
    await world.nth(0);
    world.publisher.push(put('two'));
    await expect.poll(kept).toHaveLength(2);
    await world.restart();
    const [first, second] = await world.publisher.resume();
    const again = await world.nth(1);
    const madeAt = patchesOf(again)[0]!.version;
    world.heads = [{ resource: '/shop/a.html', version: madeAt + 60_000, digest: await digestOf('theirs') }];
    refuse(again, 'conflict', { current: { version: madeAt + 60_000, digest: await digestOf('theirs') } });
    expect(await first!.accepted).toMatchObject({ status: false, error: { kind: 'conflict' } });
    expect(await second!.accepted).toMatchObject({
      status: false,
      error: { kind: 'conflict', resource: '/shop/a.html', current: { version: madeAt + 60_000 } },
    });
    expect(world.arrived).toHaveLength(2);
    expect(await kept()).toEqual([]);
  });

  test('pushes that were made within one millisecond do not count as newer than one another', async () => {
    passTime(0);
    const pushes = ['one', 'two', 'three'].map((text) => world.publisher.push(put(text)));
    await world.nth(0);
    await expect.poll(kept).toHaveLength(pushes.length);
    await world.restart();
    const resumed = await world.publisher.resume();
    for (const index of resumed.keys()) accept(await world.nth(index + 1));
    for (const push of resumed) expect(await push.accepted).toMatchObject({ status: true });
  });

  test('what is under way is not taken up a second time', async () => {
    world.publisher.push(put('one'));
    accept(await world.nth(0));
    world.publisher.push(put('two'));
    await world.nth(1);
    expect(await world.publisher.resume()).toEqual([]);
    expect(world.arrived).toHaveLength(2);
  });

  test('another person’s waits for that person, and not longer than it may be delivered', async () => {
    world.publisher.push(put('one'));
    await world.nth(0);
    const { account } = world.session;
    const user = { ...account.user, subject: 'user-2' };
    await world.restart(await developerSession({ account: { ...account, user } }));
    expect(await world.publisher.resume()).toEqual([]);
    expect(await kept()).toHaveLength(1);
    passTime(8 * 24 * 3_600_000);
    expect(await world.publisher.resume()).toEqual([]);
    await expect.poll(kept).toEqual([]);
    expect(world.arrived).toHaveLength(1);
  });
});

describe('[OUTBOX-4] a statement that has become too old is signed anew', () => {
  test('under the same guid and with the same files, once the relay says that it has none', async () => {
    world.publisher.push(put('one'));
    const first = await world.nth(0);
    await world.restart();
    passTime(120_000);
    const [push] = await world.publisher.resume();
    const second = await world.nth(1);
    const [was, is] = [first.statement, second.statement];
    expect(world.trackQueries).toEqual([was.pushGuid]);
    expect(is).toEqual({ ...was, issuedAt: is.issuedAt });
    expect(is.issuedAt - was.issuedAt).toBeGreaterThanOrEqual(120_000);
    expect(second.envelope.pushData.statement).not.toBe(first.envelope.pushData.statement);
    accept(second);
    expect(await push!.accepted).toMatchObject({ status: true });
  });

  test('one that had been accepted is not sent again', async () => {
    world.publisher.push(put('one'));
    const first = await world.nth(0);
    world.track = { push: await viewOf(first, { recipients: [recipientView('r1', 'completed')] }) };
    await world.restart();
    passTime(120_000);
    const [push] = await world.publisher.resume();
    expect(await push!.accepted).toMatchObject({ status: true, duplicate: true, recipients: ['r1'] });
    expect(await push!.settled('completed')).toMatchObject({ missed: [] });
    expect(world.arrived).toHaveLength(1);
    expect(await kept()).toEqual([]);
  });

  test('a guid that is taken was taken by the first one of this push, or is another push’s', async () => {
    world.publisher.push(put('one'));
    world.publisher.notify({ ...delivery, message: 'soon' });
    const arrived = [await world.nth(0), await world.nth(1)];
    const [file, text] = arrived.toSorted((a, b) => (a.event < b.event ? -1 : 1));
    await world.restart();
    passTime(120_000);
    const pushes = await world.publisher.resume();
    const again = [await world.nth(2), await world.nth(3)];
    const [fileAgain, textAgain] = again.toSorted((a, b) => (a.event < b.event ? -1 : 1));
    const taken = problemOf('conflict', { path: '/pushData/pushGuid' });
    world.track = { push: await viewOf(file!) };
    fileAgain!.answer({ status: false, error: taken });
    const ofFile = pushes.find(({ pushGuid }) => pushGuid === file!.statement.pushGuid)!;
    expect(await ofFile.accepted).toMatchObject({ status: true, duplicate: true });
    world.track = { push: await viewOf(text!, { statement: await digestOf('something else') }) };
    textAgain!.answer({ status: false, error: taken });
    const ofText = pushes.find(({ pushGuid }) => pushGuid === text!.statement.pushGuid)!;
    expect(await ofText.accepted).toMatchObject({ status: false, error: { kind: 'conflict' } });
    expect(await kept()).toEqual([]);
  });

  test('a push that another session signed is signed by the one that sends it', async () => {
    world.publisher.push(put('one'));
    await world.nth(0);
    await world.restart(await developerSession({ sessionId: 'session-2', certificate: 'd.e.f' }));
    await world.publisher.resume();
    const second = await world.nth(1);
    expect(second.envelope.pushData.certificate).toBe('d.e.f');
    expect(second.statement.certificate).toBe(await digestOf('d.e.f'));
    expect((await world.outbox.claim()).map(({ signed }) => signed?.session)).toEqual(['session-2']);
  });

  test('where this machine’s clock was set, it is held against the servers’ again', async () => {
    const renew = vi.spyOn(world.session, 'renew').mockImplementation(async () => {
      const at = Date.now();
      world.session.clock.observe(at - 3_600_000, at, at);
      return { token: 'token-1', expiresAt: epochMs(Number.MAX_SAFE_INTEGER) };
    });
    const push = world.publisher.push(put('one'));
    const first = await world.nth(0);
    refuse(first, 'bad-signature', { path: '/pushData/statement/issuedAt' });
    const second = await world.nth(1);
    expect(renew).toHaveBeenCalledOnce();
    expect(first.statement.issuedAt - second.statement.issuedAt).toBeGreaterThan(3_500_000);
    refuse(second, 'bad-signature', { path: '/pushData/statement/issuedAt' });
    refuse(await world.nth(2), 'bad-signature', { path: '/pushData/statement/issuedAt' });
    refuse(await world.nth(3), 'bad-signature', { path: '/pushData/statement/issuedAt' });
    expect(await push.accepted).toMatchObject({ status: false, error: { kind: 'bad-signature' } });
  });

  /** What the session holds of the clocks, until it is renewed. */
  const runAhead = (milliseconds: number): void => {
    const show = (aheadMs: number): void => {
      const at = Date.now();
      world.session.clock.observe(at + aheadMs, at, at);
    };
    show(milliseconds);
    vi.spyOn(world.session, 'renew').mockImplementation(async () => {
      show(0);
      return { token: 'token-1', expiresAt: epochMs(Number.MAX_SAFE_INTEGER) };
    });
  };

  test('one that a clock placed ahead of its time is placed anew, upon what it followed', async () => {
    const theirs = { version: Date.now() - 5_000, digest: await digestOf('theirs') };
    world.heads = [{ resource: '/shop/a.html', ...theirs }];
    runAhead(3_600_000);
    const push = world.publisher.push(put('one'));
    const first = await world.nth(0);
    expect(patchesOf(first)[0]!.version).toBeGreaterThan(Date.now() + 3_500_000);
    refuse(first, 'bad-signature', { path: '/pushData/statement/issuedAt' });
    const second = await world.nth(1);
    const [patch] = patchesOf(second);
    expect(patch).toMatchObject({ predecessor: theirs.digest });
    expect(patch!.version).toBeGreaterThan(theirs.version);
    expect(patch!.version).toBeLessThanOrEqual(second.statement.issuedAt);
    accept(second);
    expect(await push.accepted).toMatchObject({ status: true });
  });

  test('one that waited for the relay is placed by the clock that is right by then', async () => {
    runAhead(3_600_000);
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    vi.spyOn(world.connection, 'opened').mockReturnValue(opened);
    world.publisher.push(put('one'));
    await expect.poll(kept).toHaveLength(1);
    const [waiting] = await world.outbox.claim();
    expect(waiting).toMatchObject({ signed: null });
    expect(waiting!.statement.issuedAt).toBeGreaterThan(Date.now() + 3_500_000);
    await world.session.renew('token-1');
    open();
    const { statement } = await world.nth(0);
    expect(patchesOf(world.arrived[0]!)[0]!.version).toBeLessThanOrEqual(statement.issuedAt);
    expect(statement.issuedAt).toBeLessThanOrEqual(Date.now());
  });

  test('what was put in its place meanwhile is not undone by placing it anew', async () => {
    runAhead(3_600_000);
    const push = world.publisher.push(put('one'));
    const first = await world.nth(0);
    refuse(first, 'bad-signature', { path: '/pushData/statement/issuedAt' });
    const current = { version: Date.now(), digest: await digestOf('theirs') };
    const second = await world.nth(1);
    expect(patchesOf(second)[0]!.predecessor).toBe(patchesOf(first)[0]!.predecessor);
    refuse(second, 'conflict', { current });
    expect(await push.accepted).toMatchObject({ status: false, error: { kind: 'conflict' } });
  });

  test('its time to be delivered is what it was', async () => {
    const push = world.publisher.push({ ...put('one'), deliverWithinMs: 90_000 });
    const first = await world.nth(0);
    passTime(120_000);
    cutWith(first.socket, 4001);
    const second = await world.nth(1);
    expect(second.statement.deliverBy).toBe(first.statement.deliverBy);
    refuse(second, 'expired');
    expect(await push.accepted).toMatchObject({ status: false, error: { kind: 'expired' } });
  });
});

describe('[RETRY-1] another attempt', () => {
  test('opens a push again that was over, for whoever looks from then on', async () => {
    const push = world.publisher.push(put('one'));
    const one = await world.nth(0);
    accept(one);
    await push.accepted;
    notice(one, 'failed', 'r1', { problem: problemOf('apply-failed') });
    expect(await push.settled('completed')).toMatchObject({ missed: [{ recipient: 'r1' }] });
    expect(push.isOver).toBe(true);
    notice(one, 'relayed', 'r1', { attempt: 2 });
    await expect.poll(() => push.isOver).toBe(false);
    const settled = push.settled('completed');
    notice(one, 'completed', 'r1', { attempt: 2 });
    expect(await settled).toMatchObject({ reached: [{ recipient: 'r1', attempt: 2 }], missed: [] });
  });

  test('is caught up with after a break', async () => {
    const push = world.publisher.push(put('one'));
    const one = await world.nth(0);
    accept(one);
    await push.accepted;
    notice(one, 'expired', 'r1', { problem: problemOf('expired') });
    await push.settled('completed');
    notice(one, 'pushed', 'r1', { attempt: 2 });
    await expect.poll(() => push.isOver).toBe(false);
    const recipients = [{ ...recipientView('r1', 'completed'), attempt: 2 }];
    world.track = { push: await viewOf(one, { recipients }) };
    cutWith(one.socket, 4001);
    expect(await push.settled('completed')).toMatchObject({ reached: [{ attempt: 2 }], missed: [] });
  });

  test('a superseded recipient is settled, and missed: what took the place is not this push', async () => {
    const push = world.publisher.push(put('one'));
    const one = await world.nth(0);
    accept(one, ['r1', 'r2']);
    await push.accepted;
    notice(one, 'completed', 'r1');
    notice(one, 'superseded', 'r2');
    expect(await push.settled('completed')).toMatchObject({
      reached: [{ recipient: 'r1' }],
      missed: [{ recipient: 'r2', state: { stage: 'superseded' } }],
    });
    expect(push.mayReopen).toBe(false);
  });
});

test('an outbox that lets go of nothing makes no push fail', async () => {
  vi.spyOn(world.outbox, 'remove').mockRejectedValue(new Error('read-only'));
  const push = world.publisher.push(put('one'));
  accept(await world.nth(0));
  expect(await push.accepted).toMatchObject({ status: true });
});

test('what the outbox holds has an order that also survives a clock that was put back', async () => {
  const orders = (entries: readonly OutboxEntry[]) => entries.map(({ order }) => order);
  world.publisher.notify({ ...delivery, message: 'first' });
  await world.nth(0);
  await world.restart();
  passTime(-3_600_000);
  await world.publisher.resume();
  world.publisher.notify({ ...delivery, message: 'second' });
  await world.nth(2);
  const [first = 0, second = 0] = orders(await world.outbox.claim());
  expect(second).toBeGreaterThan(first);
});
