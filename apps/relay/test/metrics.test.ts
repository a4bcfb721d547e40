import { branded, epochMs, type EpochMs, type RecipientId, type SyncMetrics } from '@cd-push/protocol';
import type { PushFacts, RecipientTrack } from '@cd-push/store';
import { describe, expect, it } from 'vitest';

import { Meters } from '../src/observe/meters.ts';
import { patchPush, type SignedPush } from './support/envelopes.ts';
import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';

const at = epochMs;
const id = branded<RecipientId>;

const factsOf = (resources: readonly string[], recipients = ['r']): PushFacts =>
  ({
    tenant: 'acme',
    environment: 'development',
    recipients: recipients.map((one) => id(one)),
    signed: { patches: resources.map((resource) => ({ resource })) },
  }) as unknown as PushFacts;

const times = (reached: Partial<Record<'relayed' | 'pushed' | 'delivered' | 'completed', number>>) => ({
  initialized: at(0),
  ...reached,
});
const track = (stage: string, reached: Parameters<typeof times>[0]): RecipientTrack =>
  ({ attempt: 1, state: { stage, times: times(reached), at: at(9) } }) as unknown as RecipientTrack;

describe('[OBSERVE-6] meters', () => {
  const views = (meters: Meters, now: EpochMs) => meters.takeChanged(now).map((meter) => meter.view(now));

  it('count open and ended attempts, and take the median of how long they took', () => {
    const meters = new Meters();
    const facts = factsOf(['/shop/a.ts']);
    for (const [push, ms] of [10, 30, 20, 400].entries()) {
      const relayed = push * 1_000;
      meters.take(facts, push, id('r'), track('relayed', { relayed }));
      meters.take(
        facts,
        push,
        id('r'),
        track('delivered', { relayed, pushed: relayed, delivered: relayed + ms }),
      );
      meters.take(
        facts,
        push,
        id('r'),
        track('completed', { relayed, delivered: relayed + ms, completed: relayed + 2 * ms }),
      );
    }
    meters.take(facts, 7, id('r'), track('relayed', { relayed: 1 }));
    meters.take(facts, 8, id('r'), track('failed', { relayed: 1 }));
    meters.take(facts, 9, id('r'), track('expired', { relayed: 1 }));
    meters.take(facts, 10, id('r'), track('superseded', { relayed: 1 }));
    expect(views(meters, at(10_000))).toEqual([
      {
        resource: '/shop/a.ts',
        recipient: 'r',
        open: 1,
        completed: 4,
        failed: 1,
        expired: 1,
        superseded: 1,
        deliveredMs: 25,
        completedMs: 50,
        overdueMs: null,
      },
    ]);
    expect(views(meters, at(11_000))).toEqual([]);
  });

  it('[OBSERVE-7] tell what is pushed and unanswered for more than 5 s, and again whenever that has doubled', () => {
    const meters = new Meters();
    meters.take(factsOf(['/shop/a.ts']), 1, id('r'), track('pushed', { relayed: 0, pushed: 0 }));
    const told: (number | null)[] = [];
    for (let second = 1; second <= 60; second += 1)
      for (const { overdueMs } of views(meters, at(second * 1_000))) told.push(overdueMs);
    expect(told).toEqual([null, 6_000, 10_000, 20_000, 40_000]);
    expect(meters.isStirring).toBe(true);
    meters.take(
      factsOf(['/shop/a.ts']),
      1,
      id('r'),
      track('delivered', { relayed: 0, pushed: 0, delivered: 61_000 }),
    );
    expect(views(meters, at(61_000))).toMatchObject([{ overdueMs: null, open: 1 }]);
    expect(meters.isStirring).toBe(false);
  });

  it('forget what did not change for longest, and count no more open attempts than they may', () => {
    const meters = new Meters(3, 4);
    for (const resource of ['a', 'b', 'c', 'd', 'a'])
      meters.take(factsOf([resource]), 1, id('r'), track('relayed', { relayed: 0 }));
    expect([...meters.all()].map(({ resource }) => resource)).toEqual(['c', 'd', 'a']);
    for (let push = 2; push < 9; push += 1)
      meters.take(factsOf(['a']), push, id('r'), track('relayed', { relayed: 0 }));
    expect([...meters.all()].map(({ open }) => open)).toEqual([1, 1, 2]);
  });

  it('of a push of many files to many count its first, so that one push does not fill them', () => {
    const meters = new Meters(6);
    const resources = ['a', 'b', 'c', 'd'];
    const recipients = ['r', 's', 't'];
    for (const recipient of recipients)
      meters.take(factsOf(resources, recipients), 1, id(recipient), track('relayed', { relayed: 0 }));
    expect([...meters.all()].map(({ recipient, resource }) => `${recipient}${resource}`)).toEqual([
      'ra',
      'rb',
      'sa',
      'sb',
      'ta',
      'tb',
    ]);
  });
});

describe('[OBSERVE-6] an observer', () => {
  const cart = '/shop/src/cart.ts';

  it('is told metrics at most once a second and only those that changed; without one no timer runs', async () => {
    const clock = new ManualClock();
    const stack = await Stack.start({ clock });
    const sender = await stack.sender();
    const runtime = await stack.runtime();
    const push = async (resource: string): Promise<SignedPush> => {
      const signed = await patchPush(sender.login, [{ resource }]);
      await sender.client.push(signed.envelope);
      return signed;
    };
    const before = await push(cart);
    await runtime.client.next('apply-runtime-patch');
    await sender.client.until('push-msg-pushed');
    const observer = await stack.sender({ roles: ['observer'], grants: [] });
    await observer.client.ask('observe', {});
    const told = (): SyncMetrics[] =>
      observer.client.frames.flatMap(([event, payload]) =>
        event === 'sync-metrics' ? [payload as SyncMetrics] : [],
      );
    // What was open before anybody observed is counted too; it is read, and that takes a while.
    await expect
      .poll(() => {
        clock.advance(1_000);
        return told().flatMap(({ metrics }) => metrics);
      })
      .toMatchObject([{ resource: cart, recipient: runtime.recipient, open: 1, completed: 0 }]);

    runtime.client.acknowledge('push-msg-complete', before.pushGuid, before.statement);
    const other = await push('/shop/src/till.ts');
    await runtime.client.apply(other.statement);
    await sender.client.until(
      'push-msg-completed',
      ({ pushGuid }: { pushGuid: string }) => pushGuid === other.pushGuid,
    );
    expect(told()).toHaveLength(1);
    clock.advance(1_000);
    await expect.poll(() => told().length).toBe(2);
    const done = { recipient: runtime.recipient, open: 0, completed: 1, overdueMs: null };
    expect(told()[1]?.metrics).toHaveLength(2);
    for (const resource of [cart, '/shop/src/till.ts'])
      expect(told()[1]?.metrics).toContainEqual(expect.objectContaining({ ...done, resource }));
    clock.advance(10_000);
    const late = await push('/shop/src/late.ts');
    await runtime.client.next('apply-runtime-patch');
    await observer.client.until('track-changed', ({ changes }: { changes: { pushGuid: string }[] }) =>
      changes.some(({ pushGuid }) => pushGuid === late.pushGuid),
    );
    clock.advance(1_000);
    await expect.poll(() => told().length).toBe(3);
    expect(told()[2]?.metrics).toMatchObject([{ resource: '/shop/src/late.ts', open: 1, overdueMs: null }]);
    clock.advance(6_000);
    await expect.poll(() => told().length).toBe(4);
    expect(told()[3]?.metrics).toMatchObject([
      { resource: '/shop/src/late.ts', overdueMs: expect.any(Number) },
    ]);

    const timers = clock.timers;
    observer.client.close();
    await expect.poll(() => clock.timers).toBeLessThan(timers);
  });

  it('of a grant is told what that covers', async () => {
    const clock = new ManualClock();
    const stack = await Stack.start({ clock });
    const sender = await stack.sender();
    await stack.runtime();
    const part = await stack.sender({ grants: [{ prefix: '/shop/css', environments: ['*'] }] });
    const whole = await stack.sender({ grants: [{ prefix: '/shop', environments: ['development'] }] });
    const one = await stack.sender();
    await part.client.ask('observe', {});
    await whole.client.ask('observe', {});
    await one.client.ask('observe', { pushGuid: crypto.randomUUID() });
    await sender.client.push((await patchPush(sender.login, [{ resource: cart }])).envelope);
    await whole.client.until('track-changed');
    clock.advance(1_000);
    expect(await whole.client.until('sync-metrics')).toMatchObject({ metrics: [{ resource: cart }] });
    for (const { client } of [part, one])
      expect(client.frames.some(([event]) => event === 'sync-metrics')).toBe(false);
  });
});
