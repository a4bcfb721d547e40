import { afterAll, beforeAll, expect, test } from 'vitest';

import type { RunningStack } from '../src/stack/start-stack.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { stackFor } from './support/stack.ts';
import { cli, makeWorkshop, type Run, type RunOptions, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
let stack: RunningStack & AsyncDisposable;
let till: FakeRuntime;
let kiosk: FakeRuntime;

beforeAll(async () => {
  workshop = makeWorkshop({ 'package.json': '{"name":"shop"}', 'src/page.html': '<p>1</p>\n' });
  stack = await stackFor(workshop);
  till = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'till' });
  kiosk = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'kiosk' });
});
afterAll(async () => {
  till.close();
  kiosk.close();
  await stack.close();
  workshop[Symbol.dispose]();
});

const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Run> =>
  cli(args, { cwd: workshop.root, env: workshop.env, ...options });

/** Pushes the page with this text, and gives the guid. */
const push = async (text: string): Promise<string> => {
  workshop.write('src/page.html', text);
  const { json, stderr } = await run(['push', 'src/page.html', '--json']);
  if (json.at(-1)?.outcome !== 'reached') throw new Error(stderr);
  return json.at(-1)!.pushGuid!;
};

const lastOf = (runtime: FakeRuntime) => {
  const { statement, contents } = runtime.received.at(-1)!;
  const [content] = contents;
  return { statement, text: content?.kind === 'text' ? content.text : undefined };
};

test('a replay is a push like any other with the old contents, under a guid and versions of its own', async () => {
  const first = await push('<p>old</p>\n');
  const { json, code } = await run(['replay', first.slice(0, 8), '--json']);
  expect(code).toBe(0);
  expect(json[0]).toMatchObject({ type: 'replay', of: first, environment: 'development' });
  const { statement, text } = lastOf(till);
  expect(text).toBe('<p>old</p>\n');
  expect(statement.pushGuid).toBe(json[0]!.pushGuid);
  expect(statement.pushGuid).not.toBe(first);
  expect(json.at(-1)).toMatchObject({ type: 'result', outcome: 'reached', recipients: [{}, {}] });
});

test('what is newer is not overwritten unasked: it is named, nothing is pushed, and the exit code is 6', async () => {
  const old = await push('<p>before</p>\n');
  await push('<p>after</p>\n');
  const before = till.received.length;
  const { code, stderr, json } = await run(['replay', old, '--json']);
  expect(code).toBe(6);
  expect(json[0]).toMatchObject({ type: 'newer', resources: [{ resource: '/shop/src/page.html' }] });
  expect(stderr).toContain('/shop/src/page.html');
  expect(stderr).toContain('--yes');
  expect(till.received.length).toBe(before);
  expect((await run(['replay', old, '--yes'])).code).toBe(0);
  expect(lastOf(till).text).toBe('<p>before</p>\n');
});

test('--to pushes it to another runtime than it went to', async () => {
  const guid = await push('<p>to</p>\n');
  const [ofTill, ofKiosk] = [till.received.length, kiosk.received.length];
  const { code } = await run(['replay', guid, '--to', 'kiosk']);
  expect(code).toBe(0);
  expect([till.received.length - ofTill, kiosk.received.length - ofKiosk]).toEqual([0, 1]);
});

test('a push that nobody knows cannot be replayed', async () => {
  const unknown = await run(['replay', '00000000-0000-4000-8000-000000000000']);
  expect(unknown).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('No relay here knows this push'),
  });
  expect((await run(['replay', 'latest'])).code).toBe(2);
});
