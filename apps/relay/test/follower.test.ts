import { branded, epochMs, initialized, type RecipientId } from '@cd-push/protocol';
import type { RecipientTrack, StoredPush, Written } from '@cd-push/store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Follower, type Entry } from '../src/journal/follower.ts';
import { PushCache } from '../src/journal/push-cache.ts';
import { silentLog } from '../src/log.ts';
import { ManualClock } from './support/manual-clock.ts';

const recipient = branded<RecipientId>('runtime');
const track: RecipientTrack = { attempt: 1, state: initialized(epochMs(1)) };

const pushAt = (offset: number): StoredPush => ({
  offset,
  tracks: new Map([[recipient, track]]),
  facts: {
    tenant: 'acme',
    pushGuid: `push-${offset}`,
    digest: '',
    carries: 'notice',
    trigger: 'notify',
    emits: 'show-notice',
    environment: 'development',
    sender: { subject: 'user-1', session: 'session-1' },
    initTime: epochMs(1),
    acceptedAt: epochMs(1),
    deliverBy: epochMs(1),
    signed: undefined,
    recipients: [recipient],
  },
});

/** Turns of the event loop that something takes. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A journal of pushes alone, to which several write, and whose readers may have to wait. */
class Shared {
  #last = 0;
  /** Turns that the next readings take before and after they look. */
  readonly delays: number[] = [];
  failures = 0;

  commit(count: number): { first: number; last: number } {
    const first = this.#last + 1;
    this.#last += count;
    return { first, last: this.#last };
  }

  async written(after: number, limit: number): Promise<Written> {
    await turns(this.delays.shift() ?? 0);
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('The connection is gone.');
    }
    const offset = Math.min(this.#last, after + limit);
    const pushes = Array.from({ length: Math.max(0, offset - after) }, (_, index) =>
      pushAt(after + index + 1),
    );
    await turns(this.delays.shift() ?? 0);
    return {
      pushes,
      moves: [],
      presence: [],
      gone: [],
      policies: [],
      edits: [],
      offset: Math.max(offset, after),
    };
  }

  async at(offsets: readonly number[]): Promise<StoredPush[]> {
    return offsets.map(pushAt);
  }
}

const follow = (shared: Shared) => {
  const cache = new PushCache();
  const clock = new ManualClock();
  const told: number[] = [];
  const follower = new Follower(0, {
    store: shared,
    cache,
    clock,
    log: silentLog,
    parcelsOf: async () => new Map(),
    tell: ({ offset }) => void told.push(offset),
  });
  const own = (first: number, last: number): void => {
    const accepted = Array.from({ length: last - first + 1 }, (_, index) => {
      const offset = first + index;
      const entry = { kind: 'accepted', offset, push: cache.of(pushAt(offset)), parcel: undefined } as const;
      return entry satisfies Entry;
    });
    follower.own(first, last, accepted, () => []);
  };
  return { follower, clock, told, own };
};

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('a follower', () => {
  it('tells what its own process wrote at once where it is next, and reads what is between where it is not', async () => {
    const shared = new Shared();
    const { follower, told, own } = follow(shared);
    const mine = shared.commit(2);
    own(mine.first, mine.last);
    expect(told).toEqual([1, 2]);
    shared.commit(3);
    const later = shared.commit(1);
    own(later.first, later.last);
    expect(told).toEqual([1, 2]);
    await follower.look();
    expect(told).toEqual(upTo(6));
  });

  it('that is asked to look as a reading ends looks again', async () => {
    const shared = new Shared();
    const { follower, told } = follow(shared);
    for (let count = 1; count <= 50; count += 1) {
      const looking = follower.look();
      // Whatever the number of steps in which a reading ends, one of these meets it.
      for (let step = 0; step < count; step += 1) await Promise.resolve();
      shared.commit(1);
      await Promise.race([follower.look(), looking]);
      await turns(3);
      expect(told).toEqual(upTo(count));
    }
  });

  it('that cannot read tries again, and leaves nothing out', async () => {
    const shared = new Shared();
    const { follower, clock, told } = follow(shared);
    shared.commit(3);
    shared.failures = 2;
    await follower.look();
    expect(told).toEqual([]);
    await expect
      .poll(() => {
        clock.advance(1_000);
        return told;
      })
      .toEqual(upTo(3));
  });

  it('[TRACK-2] tells no stage after a later one, whatever a commit that came late still holds', () => {
    const cache = new PushCache();
    const told: string[] = [];
    const follower = new Follower(0, {
      store: new Shared(),
      cache,
      clock: new ManualClock(),
      log: silentLog,
      parcelsOf: async () => new Map(),
      tell: (entry) => {
        if (entry.kind === 'changes')
          told.push(entry.changes.map((change) => change.track.state.stage).join(' '));
      },
    });
    const push = cache.of(pushAt(1));
    const times = { initialized: epochMs(1), relayed: epochMs(1), pushed: epochMs(1) };
    const delivered = { stage: 'delivered', times: { ...times, delivered: epochMs(1) } } as const;
    const completed = {
      stage: 'completed',
      times: { ...delivered.times, completed: epochMs(1) },
    } as const;
    const own = (offset: number, ...states: RecipientTrack['state'][]): void =>
      follower.own(offset, offset, [], () => [
        {
          kind: 'changes',
          offset,
          changes: states.map((state) => {
            const moved = { attempt: 1, state };
            return { push, recipient, track: moved, before: push.written(recipient, moved) };
          }),
        },
      ]);
    own(1, delivered);
    // A query may have read it, which is not telling it.
    push.written(recipient, { attempt: 1, state: completed });
    own(2, { stage: 'pushed', times }, completed);
    own(3, delivered);
    expect(told).toEqual(['delivered', 'completed']);
  });

  it('tells everything once and in order, whoever writes when and however long a reading takes', async () => {
    const step = fc.record({
      by: fc.constantFrom('own', 'other', 'look'),
      count: fc.integer({ min: 1, max: 3 }),
      pause: fc.integer({ min: 0, max: 2 }),
      lateBy: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 20 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 }),
        async (steps, delays) => {
          const shared = new Shared();
          shared.delays.push(...delays);
          const { follower, told, own } = follow(shared);
          let committing: Promise<void> = Promise.resolve();
          let last = 0;
          for (const { by, count, pause, lateBy } of steps) {
            if (by === 'look') void follower.look();
            else {
              const places = shared.commit(count);
              ({ last } = places);
              // A process hears of its own commits one after the other, and a moment after they are there.
              if (by === 'own')
                committing = committing
                  .then(async () => turns(lateBy))
                  .then(() => own(places.first, places.last));
            }
            await turns(pause);
          }
          await committing;
          await follower.look();
          await follower.look();
          expect(told).toEqual(upTo(last));
        },
      ),
      { numRuns: 300 },
    );
  });
});
