import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { watchProgram, type Program } from './support/program.ts';
import { twoDevelopers, type TwoDevelopers } from './support/two-developers.ts';

const page = (first: string, last: string): string =>
  `<p>${first}</p>\n<p>a</p>\n<p>b</p>\n<p>c</p>\n<p>${last}</p>\n`;
const file = 'src/page.html';
const resource = `/shop/${file}`;
const large = ['0', '1', '2', '3', '4', '5'];
const grants = [{ prefix: '/shop', environments: ['development'] }];

let people: TwoDevelopers;
let runtime: FakeRuntime;
let running: Program | undefined;

beforeEach(async () => {
  const files = large.map((name) => [`src/${name}.html`, page(name, name)] as const);
  people = await twoDevelopers({ [file]: page('one', 'one'), ...Object.fromEntries(files) });
  runtime = await startFakeRuntime(people, people.joinCode, { name: 'till' });
});
afterEach(async () => {
  await running?.[Symbol.asyncDispose]();
  running = undefined;
  runtime.close();
  await people[Symbol.asyncDispose]();
});

const watch = async (...args: readonly string[]): Promise<Program> => {
  running = await watchProgram(people.ada, ...args);
  return running;
};
const onDisk = (path = file): string => readFileSync(join(people.ada.root, path), 'utf8');
const edit = (text: string, of = resource, served = page('one', 'one')) => runtime.edit(of, served, text);

test('an edit is merged into the file as it is by now, pushed as a save, and only where that is allowed', async () => {
  const without = await watch();
  people.ada.write(file, page('ada', 'one'));
  await without.line(({ type }) => type === 'result');
  const settled = edit(page('one', 'page'));
  await without[Symbol.asyncDispose]();
  expect(without.lines.map(({ type }) => type)).not.toContain('edited');
  expect(onDisk()).toBe(page('ada', 'one'));
  await watch('--accept-edits');
  expect(await settled).toMatchObject({ outcome: 'merged' });
  expect(onDisk()).toBe(page('ada', 'page'));
  await runtime.has(2);
});

test('an edit of lines that were changed since is a conflict, which is told at both ends and written nowhere', async () => {
  const ada = await watch('--accept-edits');
  people.ada.write(file, page('ada', 'one'));
  await ada.line(({ type }) => type === 'result');
  const settled = await edit(page('page', 'one'));
  expect(settled).toMatchObject({ outcome: 'conflict', problem: { kind: 'conflict', resource } });
  expect(settled.problem?.detail).toContain('line 1');
  expect(onDisk()).toBe(page('ada', 'one'));
  expect(await ada.line(({ type }) => type === 'edited')).toMatchObject({ outcome: 'conflict' });
});

test('all edits that wait are taken in, also where one answer of the relay does not hold them', async () => {
  const pad = `<!--${'x'.repeat(900_000)}-->\n`;
  const other = await startFakeRuntime(people, people.joinCode, { name: 'kiosk' });
  const settled = large.map((name, index) =>
    (index % 2 === 0 ? runtime : other).edit(
      `/shop/src/${name}.html`,
      page(name, name),
      `${page(name, name)}${pad}`,
    ),
  );
  await watch('--accept-edits');
  for (const one of await Promise.all(settled)) expect(one).toMatchObject({ outcome: 'merged' });
  for (const name of large) expect(onDisk(`src/${name}.html`)).toBe(`${page(name, name)}${pad}`);
  other.close();
});

test('an edit of a file for which the grant was taken is written nowhere until the grant is back', async () => {
  const ada = await watch('--accept-edits');
  await people.grantAda([{ prefix: '/shop/other', environments: ['development'] }]);
  // What the relay refuses by then it has heard of.
  await expect
    .poll(async () => {
      people.ada.write('src/0.html', page(String(Math.random()), '0'));
      return ada.lines.some(({ type, problem }) => type === 'refused' && isForbidden(problem));
    })
    .toBe(true);
  const settled = edit(page('page', 'one'));
  await people.grantAda(grants);
  expect(await settled).toMatchObject({ outcome: 'merged' });
  expect(onDisk()).toBe(page('page', 'one'));
});

const isForbidden = (problem: unknown): boolean =>
  typeof problem === 'object' && problem !== null && 'kind' in problem && problem.kind === 'forbidden';

test('an edit of a file that leads out of the project, or that is none, is refused', async () => {
  const outside = join(people.ada.home, 'outside.html');
  writeFileSync(outside, page('one', 'one'));
  rmSync(join(people.ada.root, file));
  symlinkSync(outside, join(people.ada.root, file));
  await watch('--accept-edits');
  expect(await edit(page('page', 'one'))).toMatchObject({ outcome: 'refused' });
  expect(await edit('x', '/shop/src/none.html', 'x')).toMatchObject({
    outcome: 'refused',
    problem: { kind: 'not-found' },
  });
  expect(await edit('x', '/shop/package.json', 'x')).toMatchObject({ outcome: 'refused' });
  expect(readFileSync(outside, 'utf8')).toBe(page('one', 'one'));
});

test('an edit is not written into a folder that took the place of the watched one', async () => {
  const ada = await watch('--accept-edits');
  const { root } = people.ada;
  renameSync(root, `${root}-moved`);
  mkdirSync(join(root, 'src'), { recursive: true });
  people.ada.write(file, page('one', 'one'));
  const settled = edit(page('page', 'one'));
  await expect.poll(() => ada.child.exitCode).toBe(1);
  expect(onDisk()).toBe(page('one', 'one'));
  renameSync(root, `${root}-other`);
  renameSync(`${root}-moved`, root);
  // It was answered by the first one, or waits for whoever watches where the project is.
  await watch('--accept-edits');
  const { outcome } = await settled;
  expect(onDisk()).toBe(page(outcome === 'merged' ? 'page' : 'one', 'one'));
});
