import { expect, test } from 'vitest';

import { RelayClock } from '../src/clock/relay-clock.ts';

const sentAt = 1_000_000;

test('a slow reading does not tell apart two clocks that may be the same', () => {
  const clock = new RelayClock();
  // The other side read its clock 10 ms after the question left, and answered 190 ms later.
  clock.observe(sentAt + 10, sentAt, sentAt + 200);
  expect(clock.offsetMs).toBe(0);
});

test('a clock that is certainly another is followed, to half of the round trip', () => {
  const clock = new RelayClock();
  clock.observe(sentAt + 5_100, sentAt, sentAt + 200);
  expect(clock.offsetMs).toBe(5_000);
});

test('of two readings the one with the shorter round trip counts, whichever came first', () => {
  const clock = new RelayClock();
  expect(clock.observe(sentAt + 5_010, sentAt, sentAt + 20)).toBe(true);
  expect(clock.observe(sentAt + 5_180, sentAt, sentAt + 200)).toBe(false);
  expect(clock.offsetMs).toBe(5_000);
});

test('a reading gives way to a worse one once it is old', () => {
  const clock = new RelayClock();
  clock.observe(sentAt + 5_010, sentAt, sentAt + 20);
  const later = sentAt + 11 * 60_000;
  expect(clock.observe(later + 7_100, later, later + 200)).toBe(true);
  expect(clock.offsetMs).toBe(7_000);
});

test('a reading that cannot be true beside the one before it means that a clock was set', () => {
  const clock = new RelayClock();
  clock.observe(sentAt + 10, sentAt, sentAt + 20);
  // This machine's clock was put back by an hour.
  const later = sentAt - 3_600_000;
  expect(clock.observe(later + 3_600_100, later, later + 200)).toBe(true);
  expect(clock.offsetMs).toBe(3_600_000);
});
