import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { branded, epochMs, type PatchHead, type RecipientId } from '@cd-push/protocol';
import type { SignedParts, StoredPush } from '@cd-push/store';
import { describe, expect, it } from 'vitest';

import { PushCache } from '../src/journal/push-cache.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const runtime = branded<RecipientId>('runtime');

const storedAt = (offset: number, signed?: SignedParts): StoredPush => {
  const times = { initialized: epochMs(1), relayed: epochMs(1) };
  return {
    offset,
    tracks: new Map([[runtime, { attempt: 1, state: { stage: 'relayed', times } }]]),
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
      signed,
      recipients: [runtime],
    },
  };
};

/** A busy machine takes its time over it. */
const collecting = { timeout: 30_000 };

describe('pushes in memory', () => {
  it('are no more than the latest used, and those that somebody holds are there once', async () => {
    const cache = new PushCache(450_000);
    const held = cache.of(storedAt(1));
    held.move(runtime, 1, { type: 'pushed', at: epochMs(2) });
    const made: WeakRef<object>[] = [];
    for (let offset = 2; offset <= 5_000; offset += 1) made.push(new WeakRef(cache.of(storedAt(offset))));
    await expect
      .poll(() => {
        collect();
        return made.filter((push) => push.deref() !== undefined).length;
      }, collecting)
      .toBeLessThanOrEqual(100);
    expect(cache.find('acme', 'push-4999')).toBeDefined();
    expect(cache.find('acme', 'push-2')).toBeUndefined();
    // One that waits to be written stays the one that it is, and what is read of it takes nothing back.
    expect(cache.find('acme', 'push-1')).toBe(held);
    expect(cache.of(storedAt(1))).toBe(held);
    expect(held.entryOf(runtime)?.track.state.stage).toBe('pushed');
    expect(held.tracks.get(runtime)?.state.stage).toBe('relayed');
  });

  it('weigh what they hold: of large ones few are kept', async () => {
    const cache = new PushCache(10_000_000);
    const made: WeakRef<object>[] = [];
    for (let offset = 1; offset <= 100; offset += 1) {
      const statement = String(offset).padEnd(1_000_000, 's');
      made.push(
        new WeakRef(
          cache.of(storedAt(offset, { statement, certificate: 'c', session: 'session-1', patches: [] })),
        ),
      );
    }
    const resource = '/shop/'.padEnd(500, 'x');
    const patches = Array.from({ length: 1_000 }, () => ({ resource }) as PatchHead);
    for (let offset = 101; offset <= 200; offset += 1) {
      const signed = { statement: 's', certificate: 'c', session: 'session-1', patches };
      made.push(new WeakRef(cache.of(storedAt(offset, signed))));
    }
    await expect
      .poll(() => {
        collect();
        return made.filter((push) => push.deref() !== undefined).length;
      }, collecting)
      .toBeLessThanOrEqual(10);
    expect(cache.find('acme', 'push-200')).toBeDefined();
  });

  it('are read anew when they were let go of', () => {
    const cache = new PushCache(5_000);
    cache.of(storedAt(1));
    cache.of(storedAt(2));
    expect(cache.of(storedAt(1)).offset).toBe(1);
    expect(cache.at(1)?.accepted.pushGuid).toBe('push-1');
  });
});
