import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { runProgram, watchProgram, type Program } from './support/program.ts';
import { twoDevelopers, type Developer, type TwoDevelopers } from './support/two-developers.ts';
import type { OutputLine } from './support/workshop.ts';

/** Files of every kind, merged by `cd-cli` as two people run it on machines of their own. */
let people: TwoDevelopers;
let runtime: FakeRuntime;
const running: Program[] = [];

const begin = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<void> => {
  people = await twoDevelopers({});
  for (const who of [people.ada, people.eve])
    for (const [path, content] of Object.entries(files)) put(who, path, content);
  runtime = await startFakeRuntime(people, people.joinCode, { name: 'till' });
};
afterEach(async () => {
  for (const one of running.splice(0)) await one[Symbol.asyncDispose]();
  runtime.close();
  await people[Symbol.asyncDispose]();
});

const put = ({ root }: Developer, path: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};
const bytesAt = ({ root }: Developer, path: string): Buffer => readFileSync(join(root, path));
const textAt = (who: Developer, path: string): string => bytesAt(who, path).toString('utf8');
const isAt = ({ root }: Developer, path: string): boolean => existsSync(join(root, path));

const watch = async (who: Developer, ...args: readonly string[]): Promise<Program> => {
  const program = await watchProgram(who, ...args);
  running.push(program);
  return program;
};

const about =
  (type: string, path: string) =>
  (line: OutputLine): boolean =>
    line.type === type && line['resource'] === `/shop/${path}`;

/** Eve saves first, and Ada, whose files are written to by nobody, makes something else of what both began with. */
const conflicting = async (path: string, eves: () => void, adas: () => void) => {
  const [ada, eve] = [await watch(people.ada), await watch(people.eve, '--accept-edits')];
  eves();
  await eve.line(({ type }) => type === 'result');
  adas();
  return { ada, eve, conflict: await ada.line(about('conflict', path)) };
};

const html = (first: string, last: string, end = '\n'): string =>
  [`<p>${first}</p>`, '<p>a</p>', '<p>b</p>', '<p>c</p>', `<p>${last}</p>`].join(end) + end;

test.each([
  ['ours', html('ada', 'one')],
  ['theirs', html('eve', 'one')],
  ['both', html('ada</p>\n<p>eve', 'one')],
  ['base', html('one', 'one')],
] as const)('resolve --take %s, and both files and the program say that', async (take, expected) => {
  const file = 'src/page.html';
  await begin({ [file]: html('one', 'one') });
  const { ada, eve } = await conflicting(
    file,
    () => put(people.eve, file, html('eve', 'one')),
    () => put(people.ada, file, html('ada', 'one')),
  );
  expect(textAt(people.ada, file)).toBe(html('ada', 'one'));
  expect(await runProgram(people.ada, ['resolve', file, '--take', take])).toMatchObject({ code: 0 });
  expect(textAt(people.ada, file)).toBe(expected);
  // What is in place already is no news to whoever pushed it.
  if (take !== 'theirs') await eve.line(about('taken-in', file));
  expect(textAt(people.eve, file)).toBe(expected);
  expect((await runProgram(people.ada, ['resolve', '--json'])).json).toEqual([]);
  expect(ada.child.exitCode).toBeNull();
});

test('a file that was deleted elsewhere and edited here waits for somebody: it comes back, or goes here too', async () => {
  const [stays, goes] = ['src/stays.html', 'src/goes.html'];
  await begin({ [stays]: html('one', 'one'), [goes]: html('one', 'one') });
  const { ada } = await conflicting(
    stays,
    () => {
      rmSync(join(people.eve.root, stays));
      rmSync(join(people.eve.root, goes));
    },
    () => {
      put(people.ada, stays, html('ada', 'one'));
      put(people.ada, goes, html('ada', 'one'));
    },
  );
  await ada.line(about('conflict', goes));
  for (const file of [stays, goes]) expect(textAt(people.ada, file)).toBe(html('ada', 'one'));
  const [shown] = (await runProgram(people.ada, ['resolve', stays, '--json'])).json;
  expect(shown).toMatchObject({ ours: html('ada', 'one'), theirs: null, base: html('one', 'one') });
  expect(await runProgram(people.ada, ['resolve', stays, '--take', 'both'])).toMatchObject({ code: 2 });
  expect(await runProgram(people.ada, ['resolve', stays, '--take', 'ours'])).toMatchObject({ code: 0 });
  expect(await runProgram(people.ada, ['resolve', goes, '--take', 'theirs'])).toMatchObject({ code: 0 });
  expect(isAt(people.ada, stays) && !isAt(people.ada, goes)).toBe(true);
  await expect.poll(() => isAt(people.eve, stays) && textAt(people.eve, stays)).toBe(html('ada', 'one'));
  expect(isAt(people.eve, goes)).toBe(false);
});

test('a file that was renamed elsewhere is so here, and an edit of it under its old name is not lost', async () => {
  const [first, second] = ['src/first.html', 'src/second.html'];
  await begin({ [first]: html('one', 'one'), [second]: html('two', 'two') });
  const [ada, eve] = [await watch(people.ada, '--accept-edits'), await watch(people.eve, '--accept-edits')];
  renameSync(join(people.eve.root, first), join(people.eve.root, 'src/one.html'));
  expect(await ada.line(about('taken-in', first))).toMatchObject({ to: '/shop/src/one.html' });
  expect(isAt(people.ada, first)).toBe(false);
  put(people.ada, 'src/one.html', html('ada', 'one'));
  await eve.line(about('taken-in', 'src/one.html'));
  expect(textAt(people.eve, 'src/one.html')).toBe(html('ada', 'one'));
  expect(isAt(people.eve, first)).toBe(false);

  await ada[Symbol.asyncDispose]();
  renameSync(join(people.eve.root, second), join(people.eve.root, 'src/two.html'));
  await eve.line((line) => line.type === 'push' && JSON.stringify(line).includes('two.html'));
  put(people.ada, second, html('ada', 'two'));
  const again = await watch(people.ada, '--accept-edits');
  put(people.ada, second, html('ada again', 'two'));
  expect(await again.line(about('anew', second))).toMatchObject({ to: '/shop/src/two.html' });
  expect(textAt(people.ada, second)).toBe(html('ada again', 'two'));
  await expect
    .poll(() => isAt(people.eve, second) && textAt(people.eve, second))
    .toBe(html('ada again', 'two'));
});

test('a picture that both changed is decided as a whole, byte for byte', async () => {
  const file = 'assets/logo.png';
  const picture = (of: number): Uint8Array => new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff, 0, of]);
  await begin({ [file]: picture(1) });
  await conflicting(
    file,
    () => put(people.eve, file, picture(2)),
    () => put(people.ada, file, picture(3)),
  );
  const { json, stderr } = await runProgram(people.ada, ['resolve', file, '--json']);
  expect(json).toMatchObject([{ lines: [], ours: { base64: Buffer.from(picture(3)).toString('base64') } }]);
  expect(stderr).toBe('');
  expect(await runProgram(people.ada, ['resolve', file, '--take', 'both'])).toMatchObject({ code: 2 });
  expect([...bytesAt(people.ada, file)]).toEqual([...picture(3)]);
  expect(await runProgram(people.ada, ['resolve', file, '--take', 'theirs'])).toMatchObject({ code: 0 });
  expect([...bytesAt(people.ada, file)]).toEqual([...picture(2)]);
});

test.each([
  ['lines that end as on Windows', html('one', 'one', '\r\n'), '\r\n'],
  ['no end of its last line', html('one', 'one').slice(0, -1), '\n'],
  ['a byte order mark', `\uFEFF${html('one', 'one')}`, '\n'],
])('a file with %s is merged as it is', async (_, text, end) => {
  const file = 'src/page.html';
  await begin({ [file]: text });
  const [ada, eve] = [await watch(people.ada, '--accept-edits'), await watch(people.eve, '--accept-edits')];
  put(people.ada, file, text.replace('<p>one', '<p>ada'));
  put(people.eve, file, text.replace(`c</p>${end}<p>one`, `c</p>${end}<p>eve`));
  await Promise.race([ada, eve].map((one) => one.line(about('merged', file))));
  const both = text.replace('<p>one', '<p>ada').replace(`c</p>${end}<p>one`, `c</p>${end}<p>eve`);
  await expect.poll(() => textAt(people.ada, file)).toBe(both);
  await expect.poll(() => textAt(people.eve, file)).toBe(both);
});

test('nothing is written outside of the project: not through a linked folder, and not into what took its place', async () => {
  await begin({ 'src/page.html': html('one', 'one') });
  const outside = join(people.ada.home, 'outside');
  mkdirSync(outside);
  symlinkSync(outside, join(people.ada.root, 'linked'));
  const [ada, eve] = [await watch(people.ada, '--accept-edits'), await watch(people.eve)];
  put(people.eve, 'linked/made.html', html('eve', 'one'));
  await eve.line(({ type }) => type === 'result');
  await ada.line(about('behind', 'linked/made.html'));
  expect(existsSync(join(outside, 'made.html'))).toBe(false);

  renameSync(people.ada.root, `${people.ada.root}-moved`);
  mkdirSync(join(people.ada.root, 'src'), { recursive: true });
  put(people.ada, 'src/page.html', html('one', 'one'));
  put(people.eve, 'src/page.html', html('eve', 'one'));
  await expect.poll(() => ada.child.exitCode).toBe(1);
  expect(ada.talk()).toContain('moved, replaced or removed');
  expect(textAt(people.ada, 'src/page.html')).toBe(html('one', 'one'));
});
