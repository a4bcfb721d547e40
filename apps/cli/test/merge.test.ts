import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { twoDevelopers, type Developer, type TwoDevelopers } from './support/two-developers.ts';
import { startWatch, type Watching } from './support/watching.ts';
import { cli } from './support/workshop.ts';

const file = 'src/cart.ts';
const resource = `/shop/${file}`;
const text = (first: string, last: string): string =>
  `export const first = '${first}';\n\nexport const middle = 1;\n\nexport const last = '${last}';\n`;

let people: TwoDevelopers;
let runtime: FakeRuntime;
const running: Watching[] = [];

beforeEach(async () => {
  people = await twoDevelopers({ [file]: text('one', 'one'), 'src/other.ts': 'export const other = 1;\n' });
  runtime = await startFakeRuntime(people, people.joinCode, { name: 'till' });
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  runtime.close();
  await people[Symbol.asyncDispose]();
});

const watch = async (who: Developer, ...args: readonly string[]): Promise<Watching> => {
  const watching = await startWatch(who, { args: ['--json', ...args] });
  running.push(watching);
  return watching;
};

const onDisk = (who: Developer, path = file): string => readFileSync(join(who.root, path), 'utf8');

const runs = (): string => {
  const content = runtime.received.at(-1)?.contents[0];
  return content?.kind === 'text' ? content.text : '';
};

test('two people edit different parts of a file at once: both files and the program have both edits', async () => {
  const [ada, eve] = [await watch(people.ada, '--accept-edits'), await watch(people.eve, '--accept-edits')];
  people.ada.write(file, text('ada', 'one'));
  people.eve.write(file, text('one', 'eve'));
  const merged = await Promise.race([
    ada.line(({ type }) => type === 'merged'),
    eve.line(({ type }) => type === 'merged'),
  ]);
  expect(merged).toMatchObject({ resource, isWritten: true });
  const slower = ada.lines.some(({ type }) => type === 'merged') ? eve : ada;
  await slower.line(({ type }) => type === 'taken-in');
  expect(onDisk(people.ada)).toBe(text('ada', 'eve'));
  expect(onDisk(people.eve)).toBe(text('ada', 'eve'));
  await runtime.has(2);
  expect(runs()).toContain('"ada"');
  expect(runs()).toContain('"eve"');
});

/** Saves at both, so that the second one is told of the conflict. */
const conflicting = async (...args: readonly string[]) => {
  const [ada, eve] = [await watch(people.ada, ...args), await watch(people.eve, ...args)];
  people.eve.write(file, text('eve', 'one'));
  await eve.line(({ type }) => type === 'result');
  people.ada.write(file, text('ada', 'one'));
  const conflict = await ada.line(({ type }) => type === 'conflict');
  return { ada, eve, conflict };
};

test('two people edit the same line: both keep their text, it is said who and where, and nothing is pushed', async () => {
  // Neither file is written to, so that the second save is made of what both began with.
  const { ada, conflict } = await conflicting();
  expect(conflict).toMatchObject({ resource, by: expect.any(String), lines: [{ first: 1, last: 1 }] });
  expect(onDisk(people.ada)).toBe(text('ada', 'one'));
  expect(onDisk(people.eve)).toBe(text('eve', 'one'));
  expect(runs()).toContain('"eve"');
  const before = runtime.received.length;
  people.ada.write('src/other.ts', 'export const other = 2;\n');
  await runtime.has(before + 1);
  expect(runtime.received).toHaveLength(before + 1);
  const { stderr } = await ada.stop();
  expect(stderr).toMatch(/conflict.*src\/cart\.ts.*line 1/u);
  expect(stderr).toContain('cd-cli resolve src/cart.ts');
});

const run = (who: Developer, args: readonly string[], options: { readonly isTTY?: boolean } = {}) =>
  cli(args, { cwd: who.root, env: who.env, ...options });

test('a conflict outlives the process: resolve lists it, and shows all three texts byte for byte', async () => {
  const { ada } = await conflicting();
  await ada.stop();
  const listed = await run(people.ada, ['resolve', '--json']);
  expect(listed).toMatchObject({ code: 0, json: [{ type: 'conflict', resource, file, relay: 'remote' }] });
  const shown = await run(people.ada, ['resolve', file, '--json']);
  expect(shown.json).toMatchObject([
    { base: text('one', 'one'), ours: text('ada', 'one'), theirs: text('eve', 'one') },
  ]);
  expect((await run(people.eve, ['resolve', '--json'])).json).toEqual([]);
});

test.each([
  ['ours', text('ada', 'eve')],
  ['theirs', text('eve', 'eve')],
] as const)(
  'resolve --take %s takes those lines, keeps the rest of both, and is pushed',
  async (take, expected) => {
    const { ada, eve } = await conflicting();
    await ada.stop();
    people.eve.write(file, text('eve', 'eve'));
    await eve.line(
      (line) => line.type === 'result' && line !== eve.lines.find(({ type }) => type === 'result'),
    );
    const { code } = await run(people.ada, ['resolve', file, '--take', take]);
    expect(code).toBe(0);
    expect(onDisk(people.ada)).toBe(expected);
    expect(runs()).toContain(`"${take === 'ours' ? 'ada' : 'eve'}"`);
    expect((await run(people.ada, ['resolve', '--json'])).json).toEqual([]);
    await eve.stop();
  },
);

test('resolve --done pushes the file as it was edited, but with no conflict marker left in it', async () => {
  const { ada } = await conflicting();
  people.ada.write(file, `<<<<<<< ours\n${text('ada', 'one')}`);
  const refused = await run(people.ada, ['resolve', file, '--done']);
  expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('src/cart.ts:1') });
  people.ada.write(file, text('ada and eve', 'one'));
  expect(await run(people.ada, ['resolve', file, '--done'])).toMatchObject({ code: 0 });
  expect(runs()).toContain('"ada and eve"');
  const before = runtime.received.length;
  people.ada.write(file, text('ada and eve', 'ada'));
  await runtime.has(before + 1);
  expect(runtime.received).toHaveLength(before + 1);
  await ada.stop();
});

test('a file that was changed since is not taken from one side', async () => {
  const { ada } = await conflicting();
  people.ada.write(file, text('ada', 'later'));
  const { code, stderr } = await run(people.ada, ['resolve', file, '--take', 'theirs']);
  expect(code).toBe(6);
  expect(stderr).toContain('--done');
  expect(onDisk(people.ada)).toBe(text('ada', 'later'));
  await ada.stop();
});

test('without --accept-edits no file is written: the merge is pushed, and a later save is merged again', async () => {
  const [ada, eve] = [await watch(people.ada), await watch(people.eve)];
  people.eve.write(file, text('one', 'eve'));
  await ada.line(({ type }) => type === 'behind');
  people.ada.write(file, text('ada', 'one'));
  expect(await ada.line(({ type }) => type === 'merged')).toMatchObject({ isWritten: false });
  expect(onDisk(people.ada)).toBe(text('ada', 'one'));
  expect(runs()).toMatch(/"ada"[^]*"eve"/u);
  people.ada.write(file, text('ada again', 'one'));
  await runtime.has(3);
  expect(runs()).toMatch(/"ada again"[^]*"eve"/u);
  expect(onDisk(people.eve)).toBe(text('one', 'eve'));
  await eve.stop();
});

test('what was changed here and elsewhere while nobody watched is merged at the start, not pushed over', async () => {
  const first = await watch(people.ada, '--accept-edits');
  people.ada.write(file, text('ada', 'one'));
  await first.line(({ type }) => type === 'result');
  await first.stop();
  const eve = await watch(people.eve, '--accept-edits');
  // Of what was here as well the timeline tells what was made of it.
  expect(onDisk(people.eve)).toBe(text('ada', 'one'));
  people.eve.write(file, text('ada', 'eve'));
  await eve.line(({ type }) => type === 'result');
  people.ada.write(file, text('ada offline', 'one'));
  const again = await watch(people.ada, '--accept-edits');
  expect(await again.line(({ type }) => type === 'merged')).toMatchObject({ isWritten: true });
  expect(onDisk(people.ada)).toBe(text('ada offline', 'eve'));
  const [atStart] = eve.lines.filter(({ type }) => type === 'taken-in');
  await eve.line((line) => line.type === 'taken-in' && line !== atStart);
  expect(onDisk(people.eve)).toBe(text('ada offline', 'eve'));
});

test('what others push is written into a file as it is: with its mode, through a link within the project, and never outside', async () => {
  const outside = join(people.ada.home, 'outside.html');
  writeFileSync(outside, '<p>one</p>\n');
  people.ada.write('src/real.html', '<p>one</p>\n');
  people.eve.write('src/real.html', '<p>one</p>\n');
  people.eve.write('src/out.html', '<p>one</p>\n');
  symlinkSync(outside, join(people.ada.root, 'src/out.html'));
  chmodSync(join(people.ada.root, 'src/real.html'), 0o640);
  const [ada, eve] = [await watch(people.ada, '--accept-edits'), await watch(people.eve)];
  people.eve.write('src/real.html', '<p>eve</p>\n');
  await ada.line(({ type }) => type === 'taken-in');
  expect(onDisk(people.ada, 'src/real.html')).toBe('<p>eve</p>\n');
  expect(statSync(join(people.ada.root, 'src/real.html')).mode & 0o777).toBe(0o640);
  people.eve.write('src/out.html', '<p>eve</p>\n');
  await ada.line(({ type, resource: of }) => type === 'behind' && of === '/shop/src/out.html');
  expect(readFileSync(outside, 'utf8')).toBe('<p>one</p>\n');
  await eve.stop();
});
