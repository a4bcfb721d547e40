import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { RunningStack } from '../src/stack/start-stack.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { stackFor } from './support/stack.ts';
import { startWatch, type Watching } from './support/watching.ts';
import { makeWorkshop, type Workshop } from './support/workshop.ts';

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
    outcome: 'completed',
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
  await running.talk(/^invalid-patch/u);
  save('src/greeting.ts', 'export const greeting = "right";\n');
  await runtime.has(before + 1);
  expect(patchesOf(runtime.received[before]!)).toEqual(['put /shop/src/greeting.ts']);
  const { stderr } = await running.stop();
  expect(stderr).toContain('/shop/src/greeting.ts:1:24');
});

test('on a terminal each recipient has one line that is rewritten as its track moves', async () => {
  running = await startWatch(workshop, { isTTY: true, args: [] });
  save('src/page.html', '<p>live</p>\n');
  await running.talk(/completed +\d+ ms/u);
  const { stderr, stdout } = await running.stop();
  expect(stdout).toBe('');
  // The last drawing of the line, after the cursor went back up over the one before.
  const [, last = ''] = /.*\u001B\[1A\u001B\[2K(.*)\n/su.exec(stderr) ?? [];
  expect(last.replaceAll(/\u001B\[\d+m/gu, '')).toMatch(
    /^node till\S* +relayed +\d+ {2}pushed +\d+ {2}delivered +\d+ {2}completed +\d+ ms$/u,
  );
});
