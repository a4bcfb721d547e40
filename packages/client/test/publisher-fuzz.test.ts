import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { memoryOutbox } from '../src/outbox/memory-outbox.ts';
import { Publisher } from '../src/publisher/publisher.ts';
import type { Push } from '../src/publisher/push.ts';
import { developerSession } from './support/fake-session.ts';
import { fates, ModelRelay, type Fate } from './support/model-relay.ts';
import { put } from './support/sender-world.ts';

/** One seed, so that a run repeats; CD_PUSH_SEED tries another. */
fc.configureGlobal({ seed: Number(process.env.CD_PUSH_SEED ?? 20_251_120) });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Story {
  /** Pushes, with the milliseconds that pass before each. */
  readonly pushes: readonly { readonly resource: string; readonly afterMs: number }[];
  readonly fated: readonly Fate[];
  readonly isAnswered: readonly boolean[];
  /** How far the sender's clock runs ahead of the relay's until the session is renewed. */
  readonly clockAheadMs?: number;
}

interface Told {
  readonly relay: ModelRelay;
  /** Guids as they were pushed. */
  readonly guids: readonly string[];
  /** By guid: whether it was told accepted or refused for good. */
  readonly ends: ReadonlyMap<string, boolean>;
  /** Guids that arrived after their end was told. */
  readonly late: readonly string[];
  readonly left: number;
}

/** Runs a story to its end. */
const tell = async ({ pushes, fated, isAnswered, clockAheadMs = 0 }: Story): Promise<Told> => {
  const session = await developerSession();
  const showClock = (aheadMs: number): void => {
    const at = Date.now();
    session.clock.observe(at + aheadMs, at, at);
  };
  showClock(clockAheadMs);
  vi.spyOn(session, 'renew').mockImplementation(() => {
    showClock(0);
    return session.access();
  });
  const outbox = memoryOutbox();
  const ends = new Map<string, boolean>();
  const endedAt = new Map<string, number>();
  const follow = async (push: Push): Promise<void> => {
    const answer = await push.accepted;
    if (push.isOwed) return;
    ends.set(push.pushGuid, answer.status);
    endedAt.set(push.pushGuid, relay.arrivals.length);
  };
  const resume = async (): Promise<void> => {
    await Promise.all((await publisher.resume()).map(follow));
  };
  const start = (): Publisher => new Publisher({ connection: relay.connect(), session, outbox });
  const relay = new ModelRelay(fated, isAnswered, {
    kill: () => {
      publisher.close();
      publisher = start();
      void resume();
    },
    age: () => vi.setSystemTime(Date.now() + 120_000),
  });
  let publisher = start();
  const guids: string[] = [];
  for (const { resource, afterMs } of pushes) {
    await vi.advanceTimersByTimeAsync(afterMs);
    const push = publisher.push(put(`content ${guids.length}`, resource));
    guids.push(push.pushGuid);
    void follow(push);
  }
  const isOver = (): boolean => guids.every((guid) => ends.has(guid));
  for (let waited = 0; waited < 600 && !isOver(); waited += 1) await vi.advanceTimersByTimeAsync(1_000);
  const late = relay.arrivals.filter((guid, index) => index >= (endedAt.get(guid) ?? Number.MAX_VALUE));
  return { relay, guids, ends, late, left: (await outbox.claim()).length };
};

const stories: fc.Arbitrary<Story> = fc.record({
  pushes: fc.array(
    fc.record({
      resource: fc.constantFrom('/shop/a.html', '/shop/b.html'),
      afterMs: fc.constantFrom(0, 1, 500),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  fated: fc.array(fc.constantFrom(...fates), { maxLength: 24 }),
  isAnswered: fc.array(fc.boolean(), { maxLength: 6 }),
});

test('[OUTBOX-5] whatever happens, every push comes to the end that the relay knows, once, and none is sent after it', async () => {
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const { relay, guids, ends, late, left } = await tell(story);
      expect(Object.fromEntries(ends)).toEqual(
        Object.fromEntries(guids.map((guid) => [guid, relay.accepted.has(guid)])),
      );
      expect(late).toEqual([]);
      expect(left).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('[OUTBOX-6] pushes of one resource are accepted in the order in which they were made', async () => {
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const { relay, guids } = await tell(story);
      for (const order of relay.order.values()) {
        const places = order.map((guid) => guids.indexOf(guid));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 300 },
  );
});

const passing: readonly Fate[] = ['take', 'lose', 'drop', 'busy', 'journal-away', 'internal'];

test('[OUTBOX-4] a clock that is wrong until it is held against the servers’ costs no push', async () => {
  const told = fc.record({
    pushes: stories.map(({ pushes }) => pushes),
    fated: fc.array(fc.constantFrom(...passing, 'kill-before' as const), { maxLength: 8 }),
    isAnswered: fc.array(fc.boolean(), { maxLength: 6 }),
    clockAheadMs: fc.constantFrom(-3_600_000, -90_000, -30_000, 30_000, 61_000, 90_000, 3_600_000),
  });
  await fc.assert(
    fc.asyncProperty(told, async (story) => {
      const { relay, guids } = await tell(story);
      expect(guids.filter((guid) => !relay.accepted.has(guid))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('a relay in which something goes wrong over and over keeps what waits behind for a while only', async () => {
  const { relay, guids, ends } = await tell({
    pushes: [
      { resource: '/shop/a.html', afterMs: 0 },
      { resource: '/shop/a.html', afterMs: 1 },
    ],
    fated: Array.from({ length: 9 }, () => 'internal'),
    isAnswered: [],
  });
  expect(guids.map((guid) => ends.get(guid))).toEqual([false, true]);
  expect(relay.arrivals).toHaveLength(10);
});

test('a relay that is away for long is waited for, and gets the push signed as of then', async () => {
  const { ends, guids, relay } = await tell({
    pushes: [{ resource: '/shop/a.html', afterMs: 0 }],
    fated: Array.from({ length: 50 }, () => 'drop'),
    isAnswered: [],
  });
  expect(guids.map((guid) => ends.get(guid))).toEqual([true]);
  expect(relay.arrivals).toHaveLength(51);
});
