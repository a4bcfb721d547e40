import type { ChangeFeed } from '@cd-push/store';
import { expect, onTestFinished, test, vi } from 'vitest';

import { ChangeWatch } from '../src/server/change-watch.ts';

/** A feed of which another process writes, so that nobody here is told. */
const start = () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let head = 3;
  let isAway = false;
  let looks = 0;
  const changes: ChangeFeed = {
    head: async () => {
      looks += 1;
      if (isAway) throw new Error('the database is away');
      return head;
    },
    tail: async () => 1,
    after: async () => [],
    onAppended: () => () => {},
    prune: async () => {},
  };
  const failures: unknown[] = [];
  return {
    watch: new ChangeWatch(changes, (error) => failures.push(error)),
    failures,
    looks: () => looks,
    write: (to: number) => void (head = to),
    away: (is: boolean) => void (isAway = is),
    pass: () => vi.advanceTimersByTimeAsync(500),
  };
};

test('what another process wrote is noticed within half a second, also that the feed was put back', async () => {
  const { watch, write, pass } = start();
  let calls = 0;
  onTestFinished(watch.onAppended(() => (calls += 1)));
  await pass();
  const before = calls;
  await pass();
  expect(calls).toBe(before);
  write(4);
  await pass();
  expect(calls).toBe(before + 1);
  write(2);
  await pass();
  expect(calls).toBe(before + 2);
});

test('nobody looks where nobody follows', async () => {
  const { watch, looks, pass } = start();
  await pass();
  expect(looks()).toBe(0);
  const stops = [watch.onAppended(() => {}), watch.onAppended(() => {})];
  await pass();
  expect(looks()).toBe(1);
  for (const stop of stops) stop();
  await pass();
  expect(looks()).toBe(1);
});

test('a feed that is away is told of once, and followed again when it is back', async () => {
  const { watch, failures, write, away, pass } = start();
  let calls = 0;
  onTestFinished(watch.onAppended(() => (calls += 1)));
  await pass();
  const before = calls;
  away(true);
  await pass();
  await pass();
  expect(failures).toHaveLength(1);
  write(9);
  away(false);
  await pass();
  expect(calls).toBe(before + 1);
});
