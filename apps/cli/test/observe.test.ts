import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { RunningStack } from '../src/stack/start-stack.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { stackFor } from './support/stack.ts';
import { startObserve, type Watching } from './support/watching.ts';
import { cli, makeWorkshop, type OutputLine, type Run, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
let stack: RunningStack & AsyncDisposable;
let till: FakeRuntime;
let kiosk: FakeRuntime;
let observing: Watching | undefined;

beforeAll(async () => {
  workshop = makeWorkshop({
    'package.json': '{"name":"shop"}',
    'src/page.html': '<p>hello</p>\n',
    'src/other.html': '<p>other</p>\n',
  });
  stack = await stackFor(workshop);
  till = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'till' });
  kiosk = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'kiosk' });
});
afterEach(async () => {
  await observing?.stop();
  observing = undefined;
  for (const runtime of [till, kiosk]) runtime.behave('complete');
});
afterAll(async () => {
  till.close();
  kiosk.close();
  await stack.close();
  workshop[Symbol.dispose]();
});

const run = (...args: string[]): Promise<Run> => cli(args, { cwd: workshop.root, env: workshop.env });
const push = (...args: string[]): Promise<Run> => run('push', 'src/page.html', '--json', ...args);
const guidOf = ({ json }: Run): string => json.at(-1)!.pushGuid!;
const isOf =
  (pushGuid: string, type: string, more: Partial<OutputLine> = {}) =>
  (line: OutputLine): boolean =>
    line.type === type &&
    line.pushGuid === pushGuid &&
    Object.entries(more).every(([name, value]) => line[name] === value);

test('every push is followed from its acceptance to its end at each recipient, whoever sends it', async () => {
  observing = await startObserve(workshop);
  const pushGuid = guidOf(await push());
  const settled = await observing.line(isOf(pushGuid, 'settled'));
  expect(settled).toMatchObject({ relay: 'local', outcome: 'completed', commTrack: { completed: true } });
  expect(settled.recipients!.map(({ name, stage }) => `${name} ${stage}`).toSorted()).toEqual([
    'kiosk completed',
    'till completed',
  ]);
  const { lines } = observing;
  expect(lines[0]).toMatchObject({ type: 'observing', relay: 'local', state: 'begun', open: 0 });
  expect(lines.find(isOf(pushGuid, 'push'))).toMatchObject({
    trigger: 'cli',
    patches: [{ resource: '/shop/src/page.html', change: 'put' }],
  });
  const ofTill = lines.filter((line) => isOf(pushGuid, 'track')(line) && line['name'] === 'till');
  expect(ofTill.at(-1)).toMatchObject({ stage: 'completed', attempt: 1 });
});

test('a failure is told with its cause and what would mend it, by the very next tick of a second, and waits for nobody', async () => {
  observing = await startObserve(workshop);
  till.behave('fail');
  kiosk.behave('deliver-only');
  workshop.write('src/fails.html', '<p>fails</p>\n');
  const pushGuid = guidOf(await run('push', 'src/fails.html', '--json', '--wait=relayed'));
  const failed = await observing.line(isOf(pushGuid, 'track', { stage: 'failed' }));
  expect(failed).toMatchObject({
    name: 'till',
    problem: { kind: 'apply-failed' },
    correction: { cause: 'broken-code', action: 'fix' },
  });
  const readAt = Date.now();
  expect(Number(failed['at'])).toBeLessThanOrEqual(readAt);
  // The relay counts once a second: the failure was here before the count that it is a part of.
  const counts = (line: OutputLine): boolean =>
    line.type === 'metrics' &&
    (line['metrics'] as readonly { resource: string; failed: number }[]).some(
      ({ resource, failed: count }) => resource === '/shop/src/fails.html' && count > 0,
    );
  const counted = await observing.line(counts);
  const { lines } = observing;
  expect(lines.indexOf(failed)).toBeLessThan(lines.indexOf(counted));
  // The other recipient has not come to an end.
  expect(lines.filter(isOf(pushGuid, 'settled'))).toEqual([]);
});

test('with --retry a push completes once the runtime is mended, with no more attempts than the budget', async () => {
  observing = await startObserve(workshop, '--retry', '--retry-budget', '4');
  till.behave('fail');
  const pushGuid = guidOf(await push());
  await observing.line(isOf(pushGuid, 'retry', { state: 'opened', attempt: 2 }));
  await observing.line(isOf(pushGuid, 'track', { stage: 'failed', attempt: 2 }));
  till.behave('complete');
  const settled = await observing.line(isOf(pushGuid, 'settled', { outcome: 'completed' }));
  expect(settled.recipients).toHaveLength(2);
  const [view] = (await run('track', pushGuid, '--json')).json;
  for (const { attempt } of view!.recipients! as unknown as { attempt: number }[])
    expect(attempt).toBeLessThanOrEqual(4);
});

test('when the budget is spent no further attempt is opened, and that is said', async () => {
  observing = await startObserve(workshop, '--retry', '--retry-budget', '2');
  till.behave('fail');
  const pushGuid = guidOf(await push());
  expect(await observing.line(isOf(pushGuid, 'retry', { state: 'spent' }))).toMatchObject({
    attempts: 2,
    budget: 2,
  });
  const { json } = await run('track', pushGuid, '--json');
  expect(json[0]!.recipients).toContainEqual(expect.objectContaining({ stage: 'failed', attempt: 2 }));
});

test('without --retry nothing is tried again', async () => {
  observing = await startObserve(workshop);
  till.behave('fail');
  const pushGuid = guidOf(await push());
  await observing.line(isOf(pushGuid, 'settled'));
  expect(observing.lines.filter(({ type }) => type === 'retry')).toEqual([]);
});

test.each([
  ['--resource', '/shop/src/other.html'],
  ['--target', 'kiosk'],
])('%s narrows what is followed', async (flag, value) => {
  observing = await startObserve(workshop, flag, value);
  const others = guidOf(await push('--target', 'till'));
  const wanted = guidOf(await run('push', 'src/other.html', '--json', '--target', 'kiosk'));
  await observing.line(isOf(wanted, 'settled'));
  expect(observing.lines.filter(({ pushGuid }) => pushGuid === others)).toEqual([]);
});

test('--guid follows one push, which may have been made before', async () => {
  till.behave('fail');
  const pushGuid = guidOf(await push());
  till.behave('complete');
  observing = await startObserve(workshop, '--guid', pushGuid.slice(0, 8));
  await run('push', 'src/other.html');
  expect((await run('retry', pushGuid)).code).toBe(0);
  await observing.line(isOf(pushGuid, 'settled', { outcome: 'completed' }));
  expect(new Set(observing.lines.flatMap((line) => line.pushGuid ?? []))).toEqual(new Set([pushGuid]));
});

test('retry opens another attempt where it failed, shows what becomes of it, and exits by that', async () => {
  till.behave('fail');
  const pushGuid = guidOf(await push());
  const failed = await run('retry', pushGuid, '--json');
  expect(failed.code).toBe(3);
  expect(failed.json.at(-1)).toMatchObject({
    type: 'result',
    outcome: 'partial',
    recipients: [{ name: 'till', stage: 'failed', attempt: 2 }],
  });
  till.behave('complete');
  const mended = await run('retry', pushGuid.slice(0, 8), '--failed', '--target', 'till');
  expect(mended).toMatchObject({ code: 0, stdout: '' });
  expect(mended.stderr).toMatch(/^✓ \d+ ms +node till#\w+ .*attempt 3$/mu);
  const again = await run('retry', pushGuid, '--json');
  expect(again.json).toMatchObject([{ type: 'result', outcome: 'nothing-to-retry', exitCode: 0 }]);
});

test('retry of an unknown push exits 1, of one at whom it was not made too, and of no push 2', async () => {
  const unknown = '00000000-0000-4000-8000-000000000000';
  expect((await run('retry', unknown)).code).toBe(1);
  const pushGuid = guidOf(await push('--target', 'till'));
  expect(await run('retry', pushGuid, '--target', 'kiosk')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cd-cli track'),
  });
  expect((await run('retry', 'latest')).code).toBe(2);
});

test('history lists the latest pushes first, narrows them, and goes on where a page ended', async () => {
  till.behave('fail');
  const failed = guidOf(await push());
  till.behave('complete');
  const [third, second, first] = [
    guidOf(await push()),
    guidOf(await push()),
    guidOf(await push()),
  ].toReversed();
  const page = (await run('history', '--limit', '2', '--json')).json;
  expect(page.slice(0, -1).map(({ pushGuid }) => pushGuid)).toEqual(
    [third, second].toReversed().toReversed(),
  );
  const { next } = page.at(-1)!;
  expect(page.at(-1)).toMatchObject({ type: 'page', relay: 'local', pushes: 2, next: expect.any(Number) });
  const older = (await run('history', '--limit', '2', '--before', String(next), '--json')).json;
  expect(older.slice(0, -1).map(({ pushGuid }) => pushGuid)).toEqual([first, failed]);
  const bad = (await run('history', '--outcome', 'partial', '--limit', '1', '--json')).json;
  expect(bad[0]).toMatchObject({ type: 'push', pushGuid: failed, outcome: 'partial' });
  const { stdout, stderr } = await run('history', '--limit', '1', '--resource', '/shop/src/page.html');
  expect(stdout).toMatch(/^PUSH +WHEN +OUTCOME +REACHED +WHAT$/mu);
  expect(stdout).toMatch(/^\w{8} +\S+ +completed +2 of 2 +\/shop\/src\/page\.html$/mu);
  expect(stderr).toContain('--before');
  expect((await run('history', '--sender', 'nobody', '--json')).json).toMatchObject([
    { type: 'page', pushes: 0 },
  ]);
});

test('a held runtime gets nothing until the policy is lifted, and then what waited; who is concerned is said', async () => {
  const none = await run('policy');
  expect(none).toMatchObject({ code: 0, stderr: expect.stringContaining('No policy holds') });
  // What is offered can be run without changing anything.
  expect(none.stderr).toMatch(/cd-cli policy set --help$/mu);
  const held = await run('policy', 'set', 'till', '--hold');
  expect(held.stderr).toMatch(/^node till \w+: held$/mu);
  expect(held.stderr).toContain('--no-hold');
  const before = till.received.length;
  workshop.write('src/page.html', '<p>held</p>\n');
  const waiting = await push('--target', 'till', '--timeout', '300ms');
  expect(waiting).toMatchObject({ code: 4, stderr: expect.stringContaining('held, see cd-cli policy') });
  expect(waiting.stderr).toMatch(/^‖ 1 held +node till#\w+ +gets it when the policy is lifted$/mu);
  expect((await run('targets')).stdout).toMatch(/till +node +connected, held$/mu);
  expect(till.received.length).toBe(before);
  expect((await run('track', guidOf(waiting))).stdout).toMatch(/^‖ held +node till/mu);
  const { stdout } = await run('policy');
  expect(stdout).toMatch(/^FOR +RULE +SET +BY +CONCERNS$/mu);
  expect(stdout).toMatch(/^node till \w+ +held +\S+ +developer +node till#\w+$/mu);
  await run('policy', 'set', 'till', '--no-hold');
  await till.has(before + 1);
  // What says nothing any more is no policy.
  expect(await run('policy', '--json')).toMatchObject({ code: 0, json: [] });
});

test('a policy needs one address and something to say', async () => {
  for (const args of [['till'], ['--hold'], ['till', '--group', 'tills', '--hold']]) {
    const { code, stderr } = await run('policy', 'set', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain('next');
  }
  const all = await run('policy', 'set', 'all', '--silent', '--mode', 'remote', '--json');
  expect(all.json).toMatchObject([
    { silent: true, mode: 'remote', target: { select: { module: 'shop', environment: 'development' } } },
  ]);
  await run('policy', 'set', 'all', '--no-silent', '--mode', 'hybrid');
});

test('--retry-budget without --retry is a usage error', async () => {
  expect((await run('observe', '--retry-budget', '3')).code).toBe(2);
});
