import { problemOf, type Correction, type RetryPush, type RetryPushAnswer } from '@cd-push/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Retrier, type RetryTold } from '../src/observe/retrier.ts';
import { RetryPlan, retryLimits, type RetryPlace } from '../src/observe/retry-plan.ts';

const transient: Correction = { cause: 'transient', action: 'retry', advice: 'Try again.' };
const fault = problemOf('unavailable');
const placeOf = (index: number, pushGuid = 'push'): RetryPlace => ({
  relay: 'local',
  pushGuid,
  recipient: `runtime-${index}`,
});

let clock = 0;
const planOf = (budget = 8, limits = retryLimits): RetryPlan =>
  new RetryPlan({ ...limits, budget }, { now: () => clock, random: () => 0.5 });
beforeEach(() => {
  clock = 1_000_000;
});

test('each attempt waits twice as long as the one before, up to a bound', () => {
  const plan = planOf();
  const waits = [1, 2, 3, 4, 5, 6, 7].map((attempt) => plan.failed(placeOf(0), attempt, fault, transient));
  expect(waits.map((decision) => decision.kind === 'waiting' && decision.inMs)).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
});

test('waits are jittered by half of their length', () => {
  const waits = [0, 0.999].map((random) => {
    const plan = new RetryPlan({ ...retryLimits, budget: 8 }, { now: () => clock, random: () => random });
    const decision = plan.failed(placeOf(0), 1, fault, transient);
    return decision.kind === 'waiting' && decision.inMs;
  });
  expect(waits).toEqual([500, 1499]);
});

test('the budget counts attempts, the first included, whoever opened them', () => {
  const plan = planOf(3);
  expect(plan.failed(placeOf(0), 2, fault, transient)).toMatchObject({ kind: 'waiting', attempt: 3 });
  expect(plan.failed(placeOf(0), 3, fault, transient)).toEqual({ kind: 'spent', attempts: 3 });
  expect(plan.waiting).toEqual([]);
});

test.each([
  ['wait', 'expired'],
  ['restart', 'restart-required'],
  ['fix', 'crashed'],
  ['grant', 'forbidden'],
  ['rebase', 'stale-version'],
  ['sign-in', 'bad-certificate'],
] as const)('what needs something else first is left: %s (%s)', (action, kind) => {
  const plan = planOf();
  const correction: Correction = { cause: 'transient', action, advice: '' };
  expect(plan.failed(placeOf(0), 1, problemOf(kind), correction)).toEqual({ kind: 'left' });
});

test('what a runtime took back is tried again: it may be mended', () => {
  const correction: Correction = { cause: 'broken-code', action: 'fix', advice: '' };
  expect(planOf().failed(placeOf(0), 1, problemOf('apply-failed'), correction).kind).toBe('waiting');
});

test('what failed for want of a file is due as soon as that file is there', () => {
  const plan = planOf();
  const missing: Correction = {
    cause: 'missing-import',
    action: 'push-missing',
    resource: '/a/b.ts',
    advice: '',
  };
  plan.failed(placeOf(0), 5, problemOf('apply-failed'), missing);
  plan.arrived('local', placeOf(1).recipient, ['/a/b.ts']);
  plan.arrived('local', placeOf(0).recipient, ['/a/other.ts']);
  expect(plan.take()).toEqual([]);
  plan.arrived('local', placeOf(0).recipient, ['/a/b.ts']);
  expect(plan.take()).toMatchObject([{ attempt: 6 }]);
});

test('an attempt that somebody else opened is not opened again', () => {
  const plan = planOf();
  plan.failed(placeOf(0), 1, fault, transient);
  plan.moved(placeOf(0), 2, false);
  clock += 60_000;
  expect(plan.take()).toEqual([]);
});

test('a thousand failures at once leave within the bounds of at once and per minute', () => {
  const plan = planOf();
  for (let index = 0; index < 1_000; index += 1) plan.failed(placeOf(index), 1, fault, transient);
  clock += 10_000;
  const opened: number[] = [];
  for (const startedAt = clock; clock < startedAt + 5 * 60_000; clock += 100) {
    for (const planned of plan.take()) {
      opened.push(clock);
      // Answered at once, so that only the minute bounds it.
      plan.moved(planned, planned.attempt, true);
    }
  }
  for (const at of opened)
    expect(opened.filter((other) => other > at - 60_000 && other <= at).length).toBeLessThanOrEqual(30);
  expect(opened.length).toBeGreaterThanOrEqual(5 * 30);
});

test('no more are under way at once than the bound, and one that is never answered frees its place in the end', () => {
  const plan = planOf();
  for (let index = 0; index < 20; index += 1) plan.failed(placeOf(index), 1, fault, transient);
  clock += 10_000;
  expect(plan.take()).toHaveLength(8);
  expect(plan.take()).toEqual([]);
  expect(plan.nextInMs).toBe(30_000);
  clock += 30_000;
  expect(plan.take()).toHaveLength(8);
});

const answerTo = ({ recipients = [] }: RetryPush): RetryPushAnswer => ({
  attempts: recipients.map((recipient) => ({ recipient, attempt: 2 })),
  refused: [],
});

const startRetrier = (answer: (retry: RetryPush) => Promise<RetryPushAnswer>) => {
  const requests: RetryPush[] = [];
  const told: RetryTold[] = [];
  const retrier = new Retrier({
    plan: new RetryPlan({ ...retryLimits, budget: 3 }, { random: () => 0.5 }),
    request: async (_relay, retry) => {
      requests.push(retry);
      return answer(retry);
    },
    tell: (one) => told.push(one),
  });
  return { retrier, requests, told };
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the recipients of one push are asked for in one request, when they are due and not before', async () => {
  const { retrier, requests, told } = startRetrier(async (retry) => answerTo(retry));
  for (const index of [0, 1]) retrier.failed(placeOf(index), 1, fault, transient);
  await vi.advanceTimersByTimeAsync(999);
  expect(requests).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(requests).toEqual([
    { pushGuid: 'push', stages: ['failed', 'expired'], recipients: ['runtime-0', 'runtime-1'] },
  ]);
  expect(told).toMatchObject([{ state: 'opened', attempt: 2 }, { state: 'opened' }]);
  retrier.close();
});

test('a refusal that may pass is asked again later, and uses up no attempt; one for good ends it, and is told', async () => {
  const problems = [problemOf('rate-limited', { retryAfter: 10 }), problemOf('forbidden')];
  const { retrier, requests, told } = startRetrier(async ({ recipients: [recipient = ''] = [] }) => ({
    attempts: [],
    refused: [{ recipient, problem: problems.shift()! }],
  }));
  retrier.failed(placeOf(0), 1, fault, transient);
  await vi.advanceTimersByTimeAsync(1_000);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(requests).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(requests).toHaveLength(2);
  expect(told).toMatchObject([{ state: 'refused', problem: { kind: 'forbidden' } }]);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(requests).toHaveLength(2);
  retrier.close();
});

test('a closed retrier opens nothing any more', async () => {
  const { retrier, requests } = startRetrier(async (retry) => answerTo(retry));
  retrier.failed(placeOf(0), 1, fault, transient);
  retrier.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(requests).toEqual([]);
});
