import { afterAll, beforeAll, expect, test } from 'vitest';

import type { RunningStack } from '../src/stack/start-stack.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { stackFor } from './support/stack.ts';
import { cli, makeWorkshop, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
let stack: RunningStack & AsyncDisposable;
let one: FakeRuntime;
let two: FakeRuntime;

beforeAll(async () => {
  workshop = makeWorkshop({
    'package.json': '{"name":"@acme/shop"}',
    'src/greeting.ts': 'export const greeting: string = "hello";\n',
    'src/page.html': '<p>hello</p>\n',
    'src/broken.ts': 'export const = ;\n',
    'logo.bin': '\u0000\u0001',
  });
  stack = await stackFor(workshop);
  one = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'one' });
  two = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'two' });
});

afterAll(async () => {
  one.close();
  two.close();
  await stack.close();
  workshop[Symbol.dispose]();
});

const place = () => ({ cwd: workshop.root, env: workshop.env });

const push = (args: string[], options: { stdin?: string; cwd?: string } = {}) =>
  cli(['push', 'runtime', ...args], { ...place(), ...options });

test('a push that every recipient completes exits 0, and its last line holds the whole track', async () => {
  const before = one.received.length;
  const { code, json, stderr } = await push(['src/greeting.ts', '--wait=completed', '--json']);
  expect(stderr).toContain('completed');
  expect(code).toBe(0);
  const result = json.at(-1)!;
  expect(result).toMatchObject({
    type: 'result',
    outcome: 'reached',
    exitCode: 0,
    commTrack: { completed: true },
  });
  expect(result.recipients).toHaveLength(2);
  for (const recipient of result.recipients!) {
    const { initTime, relayTime, pushTime, deliveryTime, completedTime } = recipient.commTrack;
    const times = [initTime, relayTime, pushTime, deliveryTime, completedTime].map(Number);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.min(...times)).toBeGreaterThan(0);
    expect(recipient).toMatchObject({ stage: 'completed', kind: 'node' });
  }
  const [{ statement, contents }] = one.received.slice(before) as [FakeRuntime['received'][number]];
  expect(statement).toMatchObject({ trigger: 'cli', environment: 'development', silent: false });
  expect(contents[0]).toMatchObject({ kind: 'text', text: expect.stringContaining('export default async') });
});

test('a failing recipient makes it 3 and is named with the reason', async () => {
  two.behave('fail');
  const { code, json, stderr } = await push(['src/greeting.ts', '--json']);
  two.behave('complete');
  expect(code).toBe(3);
  const result = json.at(-1)!;
  expect(result.outcome).toBe('partial');
  const failed = result.recipients!.filter(({ stage }) => stage === 'failed');
  expect(failed).toMatchObject([
    { name: 'two', problem: { kind: 'apply-failed', detail: 'boom \u001B[2J at src/greeting.ts:1:7' } },
  ]);
  expect(failed[0]!.recipient).toContain(two.guid);
  expect(stderr).toMatch(/partial.*1 of 2/u);
  // What a runtime says does nothing to the terminal.
  expect(stderr).toContain('boom \\u001b[2J at src/greeting.ts:1:7');
});

test('where it failed everywhere it is called failed, as the history calls it, and not partial', async () => {
  two.behave('fail');
  const { code, stderr } = await push(['src/greeting.ts', '--target', two.guid]);
  two.behave('complete');
  expect(code).toBe(3);
  expect(stderr).toMatch(/^failed \/shop\/src\/greeting\.ts at 1 of 1$/mu);
});

test('a silent recipient makes it 4 when the time ends, and is named', async () => {
  two.behave('silent');
  const { code, json, stderr } = await push(['src/greeting.ts', '--timeout=300ms', '--json']);
  two.behave('complete');
  expect(code).toBe(4);
  expect(json.at(-1)).toMatchObject({ outcome: 'timeout', exitCode: 4 });
  expect(stderr).toMatch(/timeout.*node two/u);
});

test('--wait=relayed does not wait for a silent recipient', async () => {
  two.behave('silent');
  const { code } = await push(['src/greeting.ts', '--wait=relayed', '--timeout=5s']);
  two.behave('complete');
  expect(code).toBe(0);
});

test('--wait=delivered is content with a recipient that fails afterwards', async () => {
  two.behave('fail');
  const { code } = await push(['src/greeting.ts', '--wait=delivered', '--timeout=5s']);
  two.behave('complete');
  expect(code).toBe(0);
});

test('a target that matches nobody makes it 1, and the message says which', async () => {
  const { code, json, stderr } = await push(['src/greeting.ts', '--label', 'floor=13', '--json']);
  expect(code).toBe(1);
  expect(json.at(-1)).toMatchObject({ outcome: 'refused', problem: { kind: 'no-recipients' } });
  expect(stderr).toContain('Nothing matched: module shop, environment development, floor=13.');
});

test('--target reaches that runtime alone', async () => {
  const [ofOne, ofTwo] = [one.received.length, two.received.length];
  const { code, json } = await push(['src/page.html', '--target', two.guid, '--json']);
  expect(code).toBe(0);
  expect(json.at(-1)!.recipients).toHaveLength(1);
  expect([one.received.length - ofOne, two.received.length - ofTwo]).toEqual([0, 1]);
});

test('a path may be named from outside of its project', async () => {
  const { code, json } = await push([`${workshop.root}/src/page.html`, '--json'], { cwd: '/' });
  expect(code).toBe(0);
  expect(json.at(-1)!.recipients).toHaveLength(2);
});

test('a file with a syntax error is not sent, and the place is shown', async () => {
  const before = one.received.length;
  const { code, stderr } = await push(['src/broken.ts']);
  expect(code).toBe(1);
  expect(stderr).toContain('/shop/src/broken.ts:1:14');
  expect(stderr).toContain('Nothing was sent');
  expect(one.received.length).toBe(before);
});

test('an asset travels as its bytes', async () => {
  const { code } = await push(['logo.bin']);
  expect(code).toBe(0);
  expect(one.received.at(-1)!.contents).toEqual([{ kind: 'bytes', bytes: new Uint8Array([0, 1]) }]);
});

test('several files of one command travel in one push', async () => {
  const before = one.received.length;
  const { code } = await push(['src/greeting.ts', 'src/page.html']);
  expect(code).toBe(0);
  const [{ statement }] = one.received.slice(before) as [FakeRuntime['received'][number]];
  expect(statement.kind === 'patch' && statement.patches.map(({ resource }) => resource)).toEqual([
    '/shop/src/greeting.ts',
    '/shop/src/page.html',
  ]);
});

test('text from stdin is pushed as the resource it is said to be, under the agent’s trigger', async () => {
  const args = ['--stdin', '--resource', '/shop/src/greeting.ts', '--json'];
  const { code } = await push(args, { stdin: 'export const greeting: string = "from an agent";\n' });
  expect(code).toBe(0);
  const { statement, contents } = one.received.at(-1)!;
  expect(statement.trigger).toBe('ai-agent');
  expect(contents[0]).toMatchObject({ kind: 'text', text: expect.stringContaining('from an agent') });
});

test('text from stdin with a syntax error is not sent', async () => {
  const { code, stderr } = await push(['--stdin', '--resource', '/shop/src/greeting.ts'], {
    stdin: 'export const = 1',
  });
  expect(code).toBe(1);
  expect(stderr).toContain('/shop/src/greeting.ts:1:14');
});

test('a resource of another module is a usage error', async () => {
  const { code } = await push(['--stdin', '--resource', '/other/a.ts'], { stdin: 'x' });
  expect(code).toBe(2);
});

test('a second push of a file builds on the first', async () => {
  await push(['src/page.html']);
  await push(['src/page.html']);
  const [first, second] = one.received
    .slice(-2)
    .map(({ statement }) => (statement.kind === 'patch' ? statement.patches[0]! : undefined));
  expect(second!.predecessor).toBe(first!.digest);
  expect(second!.version).toBeGreaterThan(first!.version);
});

test('no secret of the session is in what a command prints or a recipient gets', async () => {
  const { stdout, stderr } = await push(['src/page.html', '--json']);
  const { token } = await stack.session.access();
  for (const text of [stdout, stderr, JSON.stringify(one.received.at(-1)!.envelope)]) {
    expect(text).not.toContain(token);
  }
});

// The last one: from here on there is a runtime that answers nothing.
test('who is away is said at once and waited for; when the time ends first, it is 4 and says who', async () => {
  const away = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'tablet' });
  away.close();
  await expect
    .poll(async () => (await cli(['targets', '--json'], place())).json)
    .toContainEqual(expect.objectContaining({ recipient: away.guid, connected: false }));
  const told = Promise.withResolvers<string>();
  const stop = new AbortController();
  const waiting = cli(['push', 'runtime', 'src/page.html', '--timeout=10m', '--target', 'tablet', '--json'], {
    ...place(),
    signal: stop.signal,
    onTalk: (line) => line.includes('1 away') && told.resolve(line),
  });
  expect(await told.promise).toContain('gets it when it returns');
  stop.abort();
  const { code, json, stderr } = await waiting;
  expect(code).toBe(4);
  expect(json.at(-1)).toMatchObject({ outcome: 'timeout', recipients: [{ stage: 'relayed' }] });
  expect(stderr).toMatch(/stopped waiting; not yet "completed": tablet \w{8} \(away\)/u);
});

test('of many recipients those where all went well are counted, and who failed is named', async () => {
  const many = await Promise.all(
    Array.from({ length: 14 }, async (_, index) =>
      startFakeRuntime(stack.state, await stack.joinCode(), { name: `screen${index}` }),
    ),
  );
  many[3]!.behave('fail');
  const targets = many.flatMap(({ guid }) => ['--target', guid]);
  const { code, stderr } = await push(['src/page.html', ...targets]);
  for (const runtime of many) runtime.close();
  expect(code).toBe(3);
  expect(stderr).toMatch(/^✓ \d+ ms +13 of 14 recipients$/mu);
  expect(stderr.match(/screen\d+/gu)).toEqual(['screen3']);
});

test('an error of --json says what to do next, too', async () => {
  const { code, json } = await push(['src/greeting.ts', '--label', 'floor=13', '--json']);
  expect(code).toBe(1);
  expect(json.at(-1)!.next).toContain('cd-cli targets');
  const usage = await push(['src/none.ts', '--json']);
  expect(usage.json).toMatchObject([
    { type: 'error', exitCode: 2, advice: expect.stringContaining('exclude') },
  ]);
});

test('a recipient that a later push has overtaken is superseded, which makes it 3', async () => {
  const away = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'away' });
  const { guid } = away;
  away.close();
  await expect
    .poll(async () => (await cli(['targets', '--json'], place())).json)
    .toContainEqual(expect.objectContaining({ recipient: guid, connected: false }));
  const relayed = Promise.withResolvers<void>();
  const args = ['push', 'runtime', 'src/page.html', '--target', guid, '--json'];
  const overtaken = cli(args, { ...place(), onLine: () => relayed.resolve() });
  await relayed.promise;
  expect((await cli([...args, '--wait=relayed'], place())).code).toBe(0);
  // Which of them it needs is decided when it is back.
  await away.comeBack();
  const { code, json, stderr } = await overtaken;
  away.close();
  expect(code).toBe(3);
  expect(json.at(-1)).toMatchObject({
    outcome: 'partial',
    exitCode: 3,
    recipients: [{ recipient: guid, stage: 'superseded' }],
  });
  expect(stderr).toContain('superseded /shop/src/page.html: a later push took its place at 1 of 1');
  expect(stderr).not.toMatch(/failed|stale-version/u);
});

test('one that is away and will not return is named with how to remove it, and is waited for no more', async () => {
  const gone = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'gone' });
  gone.close();
  await expect
    .poll(async () => (await cli(['targets', '--json'], place())).json)
    .toContainEqual(expect.objectContaining({ recipient: gone.guid, connected: false }));
  const waited = await push(['src/page.html', '--target', gone.guid, '--timeout=500ms']);
  expect(waited.code).toBe(4);
  const [, command = ''] = /remove it: cd-cli (targets remove \w+)/u.exec(waited.stderr) ?? [];
  const unsure = await cli([...command.split(' '), '--json'], place());
  expect(unsure).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') });
  const removed = await cli([...command.split(' '), '--yes', '--json'], place());
  expect(removed).toMatchObject({ code: 0, json: [{ type: 'removed', guid: gone.guid, name: 'gone' }] });
  await expect
    .poll(async () => (await cli(['targets', '--json'], place())).json.map(({ name }) => name))
    .not.toContain('gone');
  const { json } = await push(['src/page.html', '--wait=relayed', '--json']);
  expect(json.at(-1)!.recipients!.map(({ recipient }) => recipient)).not.toContain(gone.guid);
});
