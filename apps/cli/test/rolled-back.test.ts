import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { runProgram, watchProgram, type Program } from './support/program.ts';
import { twoDevelopers, type Developer, type TwoDevelopers } from './support/two-developers.ts';

const file = 'src/page.html';
const resource = `/shop/${file}`;
const page = (text: string): string => `<p>${text}</p>\n<p>a</p>\n<p>b</p>\n<p>c</p>\n`;

let people: TwoDevelopers;
let runtime: FakeRuntime;
let ada: Program;
let eve: Program;

/** Ada's files follow what others push; Eve's are hers. */
beforeEach(async () => {
  people = await twoDevelopers({ 'src/other.html': page('other') });
  runtime = await startFakeRuntime(people, people.joinCode, { name: 'till' });
  [ada, eve] = [await watchProgram(people.ada, '--accept-edits'), await watchProgram(people.eve)];
});
afterEach(async () => {
  await ada[Symbol.asyncDispose]();
  await eve[Symbol.asyncDispose]();
  runtime.close();
  await people[Symbol.asyncDispose]();
});

const onDisk = ({ root }: Developer): string | undefined =>
  existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : undefined;
const save = async (text: string): Promise<void> => {
  people.eve.write(file, page(text));
  await expect.poll(() => onDisk(people.ada)).toBe(page(text));
};
const rollback = async (): Promise<void> => {
  expect(await runProgram(people.eve, ['rollback', file, '--yes'])).toMatchObject({ code: 0 });
};

test('a rollback is told as one: who rolled what back, and to which version', async () => {
  await save('one');
  await save('two');
  await rollback();
  const rolledBack = { resource, backTo: 'v1', by: expect.any(String) };
  expect(await ada.line(({ backTo }) => backTo !== undefined)).toMatchObject({
    type: 'taken-in',
    ...rolledBack,
  });
  expect(onDisk(people.ada)).toBe(page('one'));
  expect(await eve.line(({ backTo }) => backTo !== undefined)).toMatchObject({
    type: 'behind',
    ...rolledBack,
  });
  expect(onDisk(people.eve)).toBe(page('two'));
  await expect.poll(ada.talk).toMatch(/taken in +src\/page\.html +v1, to which \S+ rolled it back/u);
  await expect
    .poll(eve.talk)
    .toMatch(/behind +src\/page\.html +\S+ rolled it back to v1; your next save is merged/u);
});

test('a file that was rolled back to before its first version stays on every disk, and the next save asks', async () => {
  await save('one');
  await rollback();
  for (const one of [ada, eve]) {
    const told = await one.line(({ backTo }) => backTo === null);
    expect(told).toMatchObject({ type: 'behind', resource, change: 'delete' });
    await expect.poll(one.talk).toMatch(/rolled it back to before its first version; the file here stays/u);
  }
  expect([onDisk(people.ada), onDisk(people.eve)]).toEqual([page('one'), page('one')]);
  const before = runtime.received.length;
  people.ada.write(file, page('two'));
  expect(await ada.line(({ type }) => type === 'conflict')).toMatchObject({ resource, backTo: null });
  expect(runtime.received).toHaveLength(before);
  expect(onDisk(people.ada)).toBe(page('two'));
  expect(await runProgram(people.ada, ['resolve', file, '--take', 'ours'])).toMatchObject({ code: 0 });
  expect(runtime.received).toHaveLength(before + 1);
  expect(onDisk(people.ada)).toBe(page('two'));
});

test('whoever begins to watch later is told of a rollback, too, and loses no file by it', async () => {
  await save('one');
  await ada[Symbol.asyncDispose]();
  await rollback();
  ada = await watchProgram(people.ada, '--accept-edits');
  expect(onDisk(people.ada)).toBe(page('one'));
  expect(await ada.line(({ type }) => type === 'behind')).toMatchObject({ resource, backTo: null });
});
