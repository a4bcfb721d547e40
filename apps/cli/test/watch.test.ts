import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { RunningStack } from '../src/stack/start-stack.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { screenOf } from './support/screen-of.ts';
import { stackFor } from './support/stack.ts';
import { startWatch, type Watching } from './support/watching.ts';
import { cli, makeWorkshop, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
let stack: RunningStack & AsyncDisposable;
let runtime: FakeRuntime;
let running: Watching;

beforeAll(async () => {
  workshop = makeWorkshop({
    'package.json': '{"name":"shop"}',
    'src/greeting.ts': 'export const greeting: string = "hello";\n',
    'src/page.html': '<p>hello</p>\n',
    '.cdpushignore': 'notes/\n*.draft.html\n',
    'notes/todo.html': 'x',
  });
  stack = await stackFor(workshop);
  runtime = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'till' });
});
afterAll(async () => {
  runtime.close();
  await stack.close();
  workshop[Symbol.dispose]();
});
afterEach(async () => {
  await running.stop();
});

const save = (path: string, text: string): void => {
  mkdirSync(join(workshop.root, path, '..'), { recursive: true });
  writeFileSync(join(workshop.root, path), text);
};

const patchesOf = ({ statement }: FakeRuntime['received'][number]): string[] =>
  statement.kind === 'patch' ? statement.patches.map(({ resource, change }) => `${change} ${resource}`) : [];

test('a save reaches the runtime, and its track is told to the end', async () => {
  running = await startWatch(workshop);
  const before = runtime.received.length;
  save('src/greeting.ts', 'export const greeting: string = "saved";\n');
  await runtime.has(before + 1);
  const received = runtime.received[before]!;
  expect(patchesOf(received)).toEqual(['put /shop/src/greeting.ts']);
  expect(received.statement).toMatchObject({ trigger: 'file-save', environment: 'development' });
  const { pushGuid } = received.statement;
  const result = await running.line((line) => line.type === 'result' && line.pushGuid === pushGuid);
  expect(result).toMatchObject({
    outcome: 'reached',
    commTrack: { relayed: true, pushed: true, delivered: true, completed: true },
    recipients: [{ name: 'till', kind: 'node', stage: 'completed' }],
  });
  expect((await running.stop()).code).toBe(0);
});

test('a burst of saves is one push of all of them, applied all or nothing', async () => {
  running = await startWatch(workshop);
  const before = runtime.received.length;
  for (let index = 0; index < 50; index += 1) save(`src/many/f${index}.html`, `<p>${index}</p>\n`);
  await runtime.has(before + 1);
  expect(patchesOf(runtime.received[before]!)).toHaveLength(50);
});

test('what is saved while a push is being accepted is gathered, and nothing is lost', async () => {
  running = await startWatch(workshop);
  const before = runtime.received.length;
  for (let index = 0; index < 30; index += 1) {
    save('src/page.html', `<p>${index}</p>\n`);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await running.line(
    (line) =>
      line.type === 'result' &&
      line.pushGuid === runtime.received.at(-1)?.statement.pushGuid &&
      lastText() === '<p>29</p>\n',
  );
  const versions = runtime.received
    .slice(before)
    .map(({ statement }) => (statement.kind === 'patch' ? statement.patches[0]!.version : 0));
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  expect(new Set(versions).size).toBe(versions.length);
});

const lastText = (): string => {
  const content = runtime.received.at(-1)?.contents[0];
  return content?.kind === 'text' ? content.text : '';
};

test('what .cdpushignore names is not pushed', async () => {
  running = await startWatch(workshop);
  const before = runtime.received.length;
  save('notes/todo.html', 'changed');
  save('src/new.draft.html', 'draft');
  save('src/page.html', '<p>after</p>\n');
  await runtime.has(before + 1);
  expect(patchesOf(runtime.received[before]!)).toEqual(['put /shop/src/page.html']);
});

test('a syntax error is shown with its place and stops nothing: the corrected file is pushed', async () => {
  running = await startWatch(workshop);
  const before = runtime.received.length;
  save('src/greeting.ts', 'export const greeting: = ;\n');
  await running.talk(/invalid-patch/u);
  save('src/greeting.ts', 'export const greeting = "right";\n');
  await runtime.has(before + 1);
  expect(patchesOf(runtime.received[before]!)).toEqual(['put /shop/src/greeting.ts']);
  const { stderr } = await running.stop();
  expect(stderr).toContain('/shop/src/greeting.ts:1:24');
});

test('a faulty file is a line of data, too', async () => {
  running = await startWatch(workshop);
  save('src/greeting.ts', 'export const greeting: = ;\n');
  const line = await running.line(({ type }) => type === 'invalid-patch');
  expect(line).toMatchObject({ resource: '/shop/src/greeting.ts', line: 1, column: 24 });
  expect(line['advice']).toContain('save again');
  expect(line).not.toHaveProperty('next');
});

test('on a terminal what is under way is rewritten in place, and its end stays: outcome, who, how', async () => {
  running = await startWatch(workshop, { isTTY: true, args: [] });
  save('src/page.html', '<p>live</p>\n');
  await running.talk(/✓ \d+ ms/u);
  const { stderr, stdout } = await running.stop();
  expect(stdout).toBe('');
  const screen = screenOf(stderr);
  expect(screen.filter((line) => line.includes('till'))).toEqual([
    expect.stringMatching(/^✓ \d+ ms +node till#\w+ +relayed \d+ · pushed \d+ · delivered \d+$/u),
  ]);
});

test('two recipients that fail leave one line each, the reason once, and nothing half overwritten', async () => {
  const kiosk = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'kiosk' });
  running = await startWatch(workshop, { isTTY: true, args: [] });
  for (const one of [runtime, kiosk]) one.behave('fail');
  save('src/page.html', '<p>fails</p>\n');
  await running.talk(/as above/u);
  save('src/greeting.ts', 'export const greeting: = ;\n');
  await running.talk(/invalid-patch/u);
  for (const one of [runtime, kiosk]) one.behave('complete');
  const { stderr } = await running.stop();
  kiosk.close();
  const screen = screenOf(stderr);
  const failed = screen.filter((line) => line.startsWith('✗ apply-failed'));
  expect(failed).toEqual([expect.stringMatching(/node \w+#\w+$/u), expect.stringMatching(/as above$/u)]);
  expect(screen.filter((line) => line.includes('boom'))).toHaveLength(1);
  expect(screen.filter((line) => line.includes('→'))).toHaveLength(1);
  expect(screen.filter((line) => line.startsWith('…'))).toEqual([]);
});

test('a runtime that a policy holds since the watch began is called held, as push calls it', async () => {
  const policy = (...args: string[]) =>
    cli(['policy', 'set', 'till', ...args], { cwd: workshop.root, env: workshop.env });
  running = await startWatch(workshop, { isTTY: true, args: [] });
  save('src/page.html', '<p>before</p>\n');
  await running.talk(/✓ \d+ ms/u);
  await policy('--hold');
  save('src/page.html', '<p>held</p>\n');
  await running.talk(/‖ 1 held +node till#\w+/u);
  await policy('--no-hold');
  const { stderr } = await running.stop();
  expect(screenOf(stderr).filter((line) => line.includes('held'))).toEqual([
    expect.stringMatching(/gets it when the policy is lifted$/u),
  ]);
});

test('that nobody is there is said in words, with the next step, and once', async () => {
  running = await startWatch(workshop, { args: ['--environment=elsewhere'] });
  save('src/page.html', '<p>alone</p>\n');
  await running.talk(/refused/u);
  save('src/page.html', '<p>still alone</p>\n');
  await running.talk(/still no recipient/u);
  const { stderr } = await running.stop();
  expect(stderr.match(/No runtime of shop in elsewhere has joined yet/gu)).toHaveLength(1);
  expect(stderr).toContain(`Open the page, ${stack.state.pageUrl}`);
});
