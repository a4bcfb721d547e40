import { PassThrough } from 'node:stream';

import type { Observed } from '@cd-push/client';
import {
  problemOf,
  type Correction,
  type PushView,
  type TargetView,
  type TrackChange,
} from '@cd-push/protocol';
import { beforeEach, expect, test } from 'vitest';

import type { CliContext } from '../src/cli-context.ts';
import { JsonView } from '../src/observe/json-view.ts';
import { Observation } from '../src/observe/observation.ts';
import { Retrier } from '../src/observe/retrier.ts';
import { RetryPlan, retryLimits } from '../src/observe/retry-plan.ts';
import { TextView } from '../src/observe/text-view.ts';
import { Screen } from '../src/screen.ts';
import type { Line } from '../src/sync/line.ts';
import { RecipientNames } from '../src/sync/recipient-names.ts';
import { screenOf } from './support/screen-of.ts';

const till = '7c9e6679-7425-40de-944b-e07fc1f90ae7#c7ca8c11';
const kiosk = '11111111-7425-40de-944b-e07fc1f90ae7#aabbcc11';
const tablet = '22222222-7425-40de-944b-e07fc1f90ae7';
const initTime = 1_000_000;
const journal = { epoch: '00000000-0000-4000-8000-000000000000', offset: 1 };

const target = (recipient: string, name: string, connected = true): TargetView => ({
  recipient,
  name,
  kind: 'node',
  connected,
  module: 'shop',
  environment: 'development',
  labels: {},
  base: null,
  retainedBytes: 0,
});

const guidOf = (index: number): string => `4f0c6a5${index}-7425-40de-944b-e07fc1f90ae7`;

const pushOf = (
  index: number,
  recipients: readonly string[],
  resources = ['/shop/src/cart.ts'],
): PushView => {
  const commTrack = {
    initTime,
    relayed: true,
    relayTime: initTime + 1,
    pushed: false,
    pushTime: null,
    delivered: false,
    deliveryTime: null,
    completed: false,
    completedTime: null,
  };
  return {
    pushGuid: guidOf(index),
    trigger: 'file-save',
    sender: 'user-1',
    session: 'session-1',
    environment: 'development',
    statement: 'sha256-x',
    offset: index + 1,
    acceptedAt: initTime + 1,
    deliverBy: initTime + 1_000_000,
    patches: resources.map((resource) => ({ resource, componentType: 'module', change: 'put', version: 1 })),
    commTrack,
    outcome: 'open',
    recipients: recipients.map((recipient) => ({
      recipient,
      connected: recipient.includes('#'),
      attempt: 1,
      stage: 'relayed',
      commTrack,
    })),
  };
};

const boom: Pick<TrackChange, 'problem' | 'correction'> = {
  problem: problemOf('apply-failed', { detail: 'boom', stack: 'at f (/shop/src/cart.ts:12:7)' }),
  correction: { cause: 'broken-code', action: 'fix', advice: 'Correct it.' },
};

interface Setup {
  readonly isTTY?: boolean;
  readonly json?: boolean;
  readonly budget?: number;
  readonly columns?: number;
  readonly known?: readonly PushView[];
}

const observing = async ({ isTTY = false, json = false, budget, columns = 100, known = [] }: Setup = {}) => {
  let stdout = '';
  let stderr = '';
  const stream = (take: (text: string) => void) => {
    const made = Object.assign(new PassThrough(), { isTTY, columns, rows: 24 });
    made.on('data', (chunk: Buffer) => take(chunk.toString()));
    return made;
  };
  // On a terminal both go to the same place.
  const out = stream((text) => (stdout += text));
  const err = isTTY ? out : stream((text) => (stderr += text));
  const env = { NO_COLOR: '1', LANG: 'C.UTF-8' };
  const screen = new Screen({ stdout: out, stderr: err, env });
  const context: CliContext = {
    process: { stdin: new PassThrough(), stdout: out, stderr: err, env, exitCode: null },
    screen,
    cwd: '/',
    signal: new AbortController().signal,
    words: [],
    propose: async () => [],
  };
  const targets = [target(till, 'till'), target(kiosk, 'kiosk'), target(tablet, 'tablet', false)];
  const line = { name: 'local', connection: { request: async () => ({ targets }) } };
  const names = new RecipientNames([line as unknown as Line]);
  await names.load();
  const retrier =
    budget === undefined
      ? undefined
      : new Retrier({
          plan: new RetryPlan({ ...retryLimits, budget }, { random: () => 0.5 }),
          request: async () => ({ attempts: [], refused: [] }),
          tell: (told) => observation.retried(told),
        });
  const view = json
    ? new JsonView(context, { names, budget })
    : new TextView(context, {
        names,
        me: new Set(['user-1']),
        budget,
        isHybrid: false,
        open: () => observation.open,
        waiting: () => [],
      });
  const observation = new Observation({
    view,
    retrier,
    find: async (_relay, pushGuid) => known.find((push) => push.pushGuid === pushGuid),
  });
  const take = (observed: Observed): void => observation.take('local', observed);
  return {
    begun: (kind: 'begun' | 'resumed' | 'reset' = 'begun', open: PushView[] = []) =>
      take({ kind, journal, open, auditHeads: [] }),
    accepted: (push: PushView) => take({ kind: 'accepted', journal, push }),
    moved: (
      index: number,
      recipient: string,
      stage: TrackChange['stage'],
      more: Partial<TrackChange> = {},
    ) => {
      const change = { pushGuid: guidOf(index), recipient, stage, attempt: 1, at: initTime + 10, ...more };
      take({ kind: 'track', journal, changes: [change] });
    },
    take,
    away: () => observation.away('local'),
    close: () => {
      view.close();
      retrier?.close();
    },
    turn: () =>
      new Promise<void>((resolve) => {
        setImmediate(resolve);
      }),
    stdout: () => stdout,
    stderr: () => stderr,
    lines: () => stdout.split('\n').filter((text) => text !== ''),
    data: () =>
      stdout
        .split('\n')
        .filter((text) => text !== '')
        .map((text) => JSON.parse(text) as Record<string, unknown>),
    screen: () => screenOf(stdout).filter((text) => text !== ''),
  };
};

let one: Awaited<ReturnType<typeof observing>>;
beforeEach(async () => {
  one = await observing();
});

test('a push that went well takes one line: how long, at how many, which', () => {
  one.begun();
  one.accepted(pushOf(1, [till, kiosk]));
  one.moved(1, till, 'pushed');
  one.moved(1, till, 'completed', { at: initTime + 9 });
  expect(one.lines()).toEqual([]);
  one.moved(1, kiosk, 'completed', { at: initTime + 14 });
  expect(one.lines()).toEqual([
    expect.stringMatching(/^✓ 14 ms +2 of 2 recipients +4f0c6a51 {3}\/shop\/src\/cart\.ts$/u),
  ]);
});

test('a failure is told when it happens: at whom, why, where, its cause, what would mend it', () => {
  one.accepted(pushOf(1, [till, kiosk]));
  one.moved(1, till, 'failed', boom);
  expect(one.lines()).toEqual([
    expect.stringMatching(/^✗ apply-failed +node till#c7ca8c +4f0c6a51/u),
    '    boom',
    '    at /shop/src/cart.ts:12:7',
    '    cause: broken code',
    '    next: Correct it.',
  ]);
});

test.each<[Correction['action'], string | undefined, string]>([
  ['retry', undefined, 'cd-cli retry 4f0c6a51 --target 7c9e6679#c7ca8c'],
  ['push-missing', '/shop/src/missing.ts', 'cd-cli push /shop/src/missing.ts'],
  ['rebase', undefined, 'cd-cli push /shop/src/cart.ts'],
  ['sign-in', undefined, 'cd-cli login'],
])('where a command does what is proposed, it is named: %s', (action, resource, command) => {
  one.accepted(pushOf(1, [till]));
  const correction: Correction = {
    cause: 'transient',
    action,
    advice: 'Do it.',
    ...(resource === undefined ? {} : { resource }),
  };
  one.moved(1, till, 'failed', { problem: problemOf('timeout'), correction });
  expect(one.lines().at(-1)).toBe(`    ${command}`);
});

test('the same failure is explained once, and beyond a dozen of one push they are counted', () => {
  const many = Array.from({ length: 20 }, (_, index) => `33333333-7425-40de-944b-0000000000${10 + index}#i`);
  one.accepted(pushOf(1, many));
  for (const recipient of many) one.moved(1, recipient, 'failed', boom);
  const lines = one.lines();
  expect(lines.filter((line) => line.includes('boom'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('as above'))).toHaveLength(11);
  expect(lines.at(-1)).toBe('✗ and 8 more failed');
});

test('what was told already is not told again, and an attempt of before changes nothing', () => {
  one.accepted(pushOf(1, [till]));
  one.moved(1, till, 'completed', { attempt: 2 });
  const told = one.stdout();
  one.moved(1, till, 'completed', { attempt: 2 });
  one.moved(1, till, 'failed', boom);
  expect(one.stdout()).toBe(told);
  expect(told).toMatch(/^✓ 10 ms +node till#c7ca8c +4f0c6a51 +attempt 2/u);
});

test('a push that began before the observation is asked for when something becomes of it', async () => {
  one = await observing({ known: [pushOf(7, [till])] });
  one.begun();
  one.moved(7, till, 'completed');
  await one.turn();
  expect(one.lines()).toEqual([expect.stringMatching(/^✓ 10 ms +node till#c7ca8c +4f0c6a57/u)]);
});

test('who sent it is said where it was somebody else', () => {
  one.accepted({ ...pushOf(1, [till]), sender: 'user-2' });
  one.moved(1, till, 'completed');
  expect(one.lines()[0]).toMatch(/by user-2$/u);
});

test('after a break what follows is told, or that it cannot be, and what ended meanwhile is asked for', async () => {
  const ended = pushOf(1, [till]);
  const [recipient] = ended.recipients;
  const known = { ...ended, recipients: [{ ...recipient!, stage: 'failed' as const, ...boom }] };
  one = await observing({ known: [known] });
  one.begun('begun', [ended]);
  one.away();
  one.away();
  expect(one.stderr().match(/is away/gu)).toHaveLength(1);
  one.begun('resumed');
  expect(one.stderr()).toContain('what happened meanwhile follows');
  one.begun('reset', []);
  await one.turn();
  expect(one.stderr()).toContain('cannot tell all');
  expect(one.stdout()).toContain('✗ apply-failed');
});

test('on a terminal what is under way stands below what is over, with the sums, no wider than it', async () => {
  one = await observing({ isTTY: true, columns: 60 });
  one.begun();
  one.accepted(pushOf(1, [till, kiosk]));
  one.moved(1, till, 'completed');
  one.accepted(pushOf(2, [tablet], ['/shop/src/page.html']));
  const metric = {
    resource: '/shop/src/cart.ts',
    recipient: till,
    open: 1,
    completed: 3,
    failed: 1,
    expired: 0,
    superseded: 0,
    deliveredMs: 4,
    completedMs: 12,
    overdueMs: 12_000,
  };
  one.take({ kind: 'metrics', at: initTime, metrics: [metric] });
  one.accepted(pushOf(3, [kiosk], ['/shop/src/done.ts']));
  one.moved(3, kiosk, 'completed');
  await one.turn();
  expect(one.screen().slice(-5)).toEqual([
    expect.stringMatching(/^✓ 10 ms +node kiosk#aabbcc +4f0c6a53 +\/shop\/src\//u),
    expect.stringMatching(/^… relayed +node kiosk#aabbcc +4f0c6a51/u),
    expect.stringMatching(/^○ away +node tablet 22222222 +4f0c6a52/u),
    expect.stringMatching(/^since [-:\d ]+ · 2 open · 1 completed · usually 10 ms$/u),
    expect.stringMatching(/^node till#c7ca8c has not answered/u),
  ]);
  expect(Math.max(...one.screen().map(({ length }) => length))).toBeLessThanOrEqual(60);
  one.close();
  expect(one.screen().filter((line) => line.startsWith('…'))).toEqual([]);
});

test('the sums count what was seen here since it began, notices and operations too, and never go back', async () => {
  one = await observing({ isTTY: true });
  one.begun();
  one.accepted({ ...pushOf(1, [till], []), trigger: 'notify' });
  one.moved(1, till, 'completed', { at: initTime + 30 });
  one.accepted({ ...pushOf(2, [till], []), trigger: 'run-operation' });
  one.moved(2, till, 'failed', boom);
  // What the relay counts begins anew with whoever observes there.
  one.take({ kind: 'metrics', at: initTime, metrics: [] });
  await one.turn();
  expect(one.screen().at(-1)).toMatch(/ · 1 completed · 1 failed · usually 30 ms$/u);
  one.moved(2, till, 'completed', { attempt: 2, at: initTime + 50 });
  await one.turn();
  expect(one.screen().at(-1)).toMatch(/ · 2 completed · 1 failed · usually 50 ms$/u);
  one.close();
});

test('what is tried again is said with when and which attempt, and that the budget is spent', async () => {
  one = await observing({ budget: 3 });
  one.accepted(pushOf(1, [till]));
  one.moved(1, till, 'failed', boom);
  expect(one.lines().at(-1)).toBe('    Tried again in 1 s: attempt 2 of 3.');
  one.moved(1, till, 'failed', { ...boom, attempt: 2 });
  one.moved(1, till, 'failed', { ...boom, attempt: 3 });
  expect(one.lines().slice(-3)).toEqual([
    expect.stringMatching(
      /^✗ apply-failed +node till#c7ca8c +4f0c6a51 +attempt 3 {3}\/shop\/src\/cart\.ts {3}as above$/u,
    ),
    '    Not tried again: 3 attempts are spent. Once it is mended:',
    '    cd-cli retry 4f0c6a51 --target 7c9e6679#c7ca8c',
  ]);
  one.close();
});

test('as data every happening is a line of its own, with recipient, problem, correction and what to do next', async () => {
  one = await observing({ json: true, budget: 2 });
  one.begun('begun', [pushOf(1, [till])]);
  one.moved(1, till, 'failed', boom);
  one.moved(1, till, 'failed', { ...boom, attempt: 2 });
  one.close();
  const recipient = till;
  const failed = { recipient, name: 'till', kind: 'node', stage: 'failed', ...boom };
  expect(one.data()).toMatchObject([
    { type: 'observing', relay: 'local', state: 'begun', journal, open: 1 },
    {
      type: 'push',
      relay: 'local',
      pushGuid: guidOf(1),
      trigger: 'file-save',
      recipients: [{ recipient, name: 'till' }],
    },
    { type: 'track', relay: 'local', pushGuid: guidOf(1), attempt: 1, at: initTime + 10, ...failed },
    { type: 'retry', state: 'waiting', pushGuid: guidOf(1), recipient, attempt: 2, budget: 2, inMs: 1000 },
    { type: 'settled', pushGuid: guidOf(1), outcome: 'failed', recipients: [failed] },
    { type: 'track', attempt: 2, stage: 'failed' },
    { type: 'retry', state: 'spent', pushGuid: guidOf(1), recipient, attempts: 2, budget: 2 },
    { type: 'settled', outcome: 'failed' },
  ]);
  // There is no command that corrects a program.
  expect(one.data().filter((line) => 'next' in line)).toEqual([]);
});
