import {
  branded,
  closeCodes,
  type Answer,
  type Head,
  type ListPushesAnswer,
  type ObserveAnswer,
  type Resource,
} from '@cd-push/protocol';
import { openSqliteJournal, type JournalStore } from '@cd-push/store';
import { addressOfDigest, digestOf, nextFrame, stepsOfBrought, stepsUpTo } from '@cd-push/timeline';
import { describe, expect, it } from 'vitest';

import { Rate } from '../src/peers/rate.ts';
import { Turns } from '../src/peers/turns.ts';
import { noticePush, patchPush } from './support/envelopes.ts';
import { ask } from './support/http.ts';
import { ManualClock } from './support/manual-clock.ts';
import { tenant } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const elsewhere = [{ prefix: '/other', environments: ['development'] }];
const limited = { status: false, error: { kind: 'rate-limited', retryable: true } };

/** A journal whose reads are counted by name, and how many of each go on at a time at most. */
const counted = async () => {
  const calls = new Map<string, number>();
  const most = new Map<string, number>();
  const going = new Map<string, number>();
  const add = (to: Map<string, number>, name: string, by: number): number => {
    const sum = (to.get(name) ?? 0) + by;
    to.set(name, sum);
    return sum;
  };
  const journal = await openSqliteJournal(':memory:', { node: crypto.randomUUID() });
  const store = new Proxy(journal, {
    get: (target, name: keyof JournalStore) => {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return async (...args: never[]) => {
        add(calls, name, 1);
        most.set(name, Math.max(most.get(name) ?? 0, add(going, name, 1)));
        // Whatever else may begin meanwhile does.
        for (let turns = 0; turns < 5; turns += 1) await new Promise(setImmediate);
        try {
          return await (member as (...all: never[]) => unknown).apply(target, args);
        } finally {
          add(going, name, -1);
        }
      };
    },
  });
  return { store, calls, most };
};

/** A relay that has sent some notices to many runtimes. */
const wide = async (pushes: number, recipients: number, options: Parameters<typeof Stack.start>[0] = {}) => {
  const { store, calls, most } = await counted();
  const stack = await Stack.start({ ...options, journal: store });
  for (let count = 0; count < recipients; count += 1) stack.authority.runtime();
  const { client, login } = await stack.sender();
  await expect
    .poll(async () => (await client.ask<{ targets: unknown[] }>('list-targets', {})).targets.length)
    .toBe(recipients);
  for (let count = 0; count < pushes; count += 1)
    expect(await client.push((await noticePush(login, `${count}`)).envelope)).toMatchObject({ status: true });
  calls.clear();
  most.clear();
  return { stack, client, calls, most };
};

describe('[COST-1] what reads much', () => {
  it('reads no tracks of pushes that the asker does not see', async () => {
    const { stack, calls } = await wide(30, 20);
    const { client } = await stack.sender({ grants: elsewhere });
    const listed = await client.ask<Answer<ListPushesAnswer>>('list-pushes', {});
    expect(listed).toMatchObject({ status: true, pushes: [] });
    const begun = await client.ask<Answer<ObserveAnswer>>('observe', {});
    if (!begun.status) throw new Error(begun.error.kind);
    expect(begun.open).toEqual([]);
    const after = { epoch: begun.journal.epoch, offset: 0 };
    expect(await client.ask('observe', { after })).toMatchObject({ status: true, reset: false });
    await expect.poll(() => calls.get('writtenFacts')).toBeGreaterThan(0);
    expect(['at', 'find'].filter((name) => calls.has(name))).toEqual([]);
    expect(client.frames.filter(([event]) => event === 'push-accepted')).toEqual([]);
  });

  it('costs what was read, and the next question waits until that is made up for', async () => {
    const clock = new ManualClock();
    const { client } = await wide(30, 20, { clock, rate: { perSecond: 10, burst: 100 } });
    const offset = { epoch: '', offset: 0 };
    clock.advance(20_000);
    // Six hundred tracks and thirty pushes.
    expect(await client.ask('list-pushes', {})).toMatchObject({ status: true });
    for (let count = 0; count < 8; count += 1)
      expect(await client.ask('list-pushes', {})).toMatchObject({ status: true });
    expect(await client.ask('list-pushes', {})).toMatchObject(limited);
    expect(await client.ask('observe', { after: offset })).toMatchObject(limited);
    clock.advance(1_000);
    expect(await client.ask('list-pushes', {})).toMatchObject({ status: true });
  });

  it('is answered one at a time for each session', async () => {
    const { client, most } = await wide(3, 2);
    const asked = Array.from({ length: 10 }, () => client.ask('list-pushes', {}));
    expect(await Promise.all(asked)).toHaveLength(10);
    expect(most.get('list')).toBe(1);
  });

  it('gives all pages of what was written to many, short as they may be', async () => {
    const { client } = await wide(12, 2_000, { rate: { perSecond: 1e9, burst: 1e9 } });
    const offsets: number[] = [];
    let before: number | undefined;
    do {
      const page = await client.ask<Answer<ListPushesAnswer>>('list-pushes', { before });
      if (!page.status) throw new Error(page.error.kind);
      offsets.push(...page.pushes.map(({ offset }) => offset));
      before = page.next;
    } while (before !== undefined);
    expect(offsets).toHaveLength(12);
    expect(offsets).toEqual(offsets.toSorted((a, b) => b - a));
  });
});

describe('[COST-2] a hello', () => {
  const heads = (count: number): Head[] =>
    Array.from({ length: count }, (_, index) => ({
      resource: branded<Resource>(`/shop/${index}.ts`),
      version: 1,
      digest: null,
    }));
  const hello = { protocol: 1, instance: 'one', kind: 'node', base: null, retainedBytes: 0 };

  it('costs by what it says is held', async () => {
    const stack = await Stack.start({ clock: new ManualClock(), rate: { perSecond: 1, burst: 50 } });
    const { client } = await stack.runtime({}, 'one', heads(10_000));
    expect(await client.ask('runtime-hello', { ...hello, heads: heads(1_000) })).toMatchObject(limited);
    expect(await client.ask('runtime-hello', { ...hello, heads: [] })).toMatchObject({ status: true });
  });

  it('is answered one at a time for each connection', async () => {
    const { store, most } = await counted();
    const stack = await Stack.start({ journal: store });
    const { client } = await stack.runtime();
    most.clear();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => client.ask('runtime-hello', { ...hello, heads: heads(10) })),
    );
    expect(answers).toMatchObject(answers.map(() => ({ status: true })));
    expect(most.get('headsOf')).toBe(1);
  });
});

it('[COST-3] a content costs by its bytes', async () => {
  const stack = await Stack.start({ clock: new ManualClock(), rate: { perSecond: 1, burst: 20 } });
  await stack.runtime();
  const { client, login } = await stack.sender();
  const text = 'x'.repeat(9 * 1024 * 1024);
  const url = `${stack.url}/contents/${await digestOf(text)}`;
  const { token } = login;
  expect(await ask(url, { method: 'PUT', token, body: text })).toMatchObject({ status: 204 });
  const push = await patchPush(login, [{ resource: '/shop/a.ts', text, content: { encoding: 'stored' } }]);
  expect(await client.push(push.envelope)).toMatchObject({ status: true });
  expect(await ask(url, { method: 'HEAD', token })).toMatchObject({ status: 200 });
  expect((await ask(url, { token })).body.length).toBe(text.length);
  expect(await ask(url, { token })).toMatchObject({ status: 429 });
});

it('[COST-3] so does a file as it was saved, whichever session of its reader’s asks', async () => {
  const stack = await Stack.start({ clock: new ManualClock(), rate: { perSecond: 1, burst: 30 } });
  await stack.runtime();
  const { client, login } = await stack.sender();
  const [resource, text] = ['/shop/a.ts', 'x'.repeat(6 * 1024 * 1024)];
  const source = addressOfDigest('raw', await digestOf(text));
  const patch = { resource, componentType: 'module', change: 'put', digest: await digestOf(text) } as const;
  const origin = { tenant, environment: 'development', resource };
  const { ref, objects } = await nextFrame({ origin, patch, source, parent: undefined });
  const history = objects.map(({ bytes }) => ({ json: new TextDecoder().decode(bytes) }));
  const push = await patchPush(login, [{ resource, text, head: { frame: ref.address } }], {
    pushData: { history },
  });
  expect(await client.push(push.envelope)).toMatchObject({ status: true });

  const other = await stack.sender({ user: login.session, kept: login.kept });
  const query = { environment: 'development', resource, version: push.heads[0]!.version };
  for (const one of [client, other.client])
    expect(await one.ask('get-source', query)).toMatchObject({ status: true, source });
  // Twelve for each, and one for asking; and for the push.
  expect(await client.ask('get-source', query)).toMatchObject({ status: true });
  for (const one of [client, other.client]) expect(await one.ask('get-source', query)).toMatchObject(limited);
});

it('[COST-4] who floods with acknowledgements is cut, and comes back', async () => {
  const stack = await Stack.start({ clock: new ManualClock() });
  const { client, login } = await stack.sender();
  const runtime = await stack.runtime();
  const notice = await noticePush(login, 'hello');
  await client.push(notice.envelope);
  await runtime.client.next('show-notice');
  // As fast as one connection is read: none of these is anything new.
  const acknowledge = (): void => runtime.client.acknowledge('push-ack', notice.pushGuid, notice.statement);
  for (let sent = 0; runtime.client.socket.connected && sent < 60_000; sent += 1) {
    acknowledge();
    if (sent % 500 === 0) await client.ask('list-targets', {});
  }
  expect(await runtime.client.closed).toMatchObject({ code: closeCodes.rate.code });
  expect(await stack.join(runtime.login)).toMatchObject({ welcome: { recipient: runtime.recipient } });
});

describe('what is told of costs', () => {
  it('a debt is made up for before anything else is taken, and is not forgotten before', () => {
    const clock = new ManualClock();
    const rate = new Rate({ perSecond: 10, burst: 20 }, clock);
    rate.charge('a', 50);
    expect(rate.take('a')).toMatchObject({ kind: 'rate-limited', retryAfter: 3.1 });
    clock.advance(3_100);
    expect(rate.take('a')).toBeUndefined();
    rate.charge('a', 1_000);
    clock.advance(10_000);
    // Others come and go.
    for (let other = 0; other < 10_001; other += 1) rate.take(`other-${other}`);
    expect(rate.take('a')).toMatchObject({ kind: 'rate-limited' });
  });

  it('what costs more than there ever is is taken once there is as much as there ever is', () => {
    const clock = new ManualClock();
    const rate = new Rate({ perSecond: 10, burst: 20 }, clock);
    expect(rate.take('a', 60)).toBeUndefined();
    expect(rate.take('a', 60)).toMatchObject({ retryAfter: 6 });
    clock.advance(6_000);
    expect(rate.take('a', 60)).toBeUndefined();
  });

  it('[COST-5] work is paid as it goes on, by all who do it for one sender together, and ends where too much is owed', () => {
    const clock = new ManualClock();
    const rate = new Rate({ perSecond: 200, burst: 400 }, clock);
    const most = Array.from({ length: 3 }, () => stepsUpTo(stepsOfBrought, rate.stepsOf('a')));
    for (const steps of most.slice(0, 2)) steps(stepsOfBrought);
    expect(() => most[2]?.(stepsOfBrought)).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ kind: 'rate-limited' }) as unknown }),
    );
    expect(rate.take('a')).toMatchObject({ kind: 'rate-limited' });
    expect(rate.take('b')).toBeUndefined();
    // Ten seconds for each of them: a quarter of the time that one thread has, at worst.
    clock.advance(40_000);
    expect(rate.take('a')).toBeUndefined();
  });

  it('what fails gives way to the next, and whoever else asks does not wait', async () => {
    const turns = new Turns();
    const order: string[] = [];
    const first = turns.take('a', async () => {
      await new Promise(setImmediate);
      order.push('first');
      throw new Error('no');
    });
    const second = turns.take('a', async () => order.push('second'));
    await turns.take('b', async () => order.push('another'));
    await expect(first).rejects.toThrow('no');
    await second;
    expect(order).toEqual(['another', 'first', 'second']);
  });
});
