import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { ignoredFiles } from '../src/project/ignored-files.ts';
import { scanFiles } from '../src/transform/project-scan.ts';
import { makeWorkshop, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
beforeEach(() => {
  workshop = makeWorkshop({ 'src/a.ts': '', 'src/gen/b.ts': '', 'dist/c.js': '', 'distance.ts': '' });
});
afterEach(() => workshop[Symbol.dispose]());

const files = (
  settings: { readonly include?: string[]; readonly exclude?: string[]; readonly dataFolder?: string } = {},
  root = workshop.root,
): string[] => {
  const ignored = ignoredFiles(root, {
    include: [],
    exclude: [],
    dataFolder: join(root, '.cd-push'),
    ...settings,
  });
  return scanFiles(root, (path) => /(?:^|\/)\.[^/]*$/u.test(path) || ignored(path));
};

test('what .gitignore names is none of the program’s', () => {
  workshop.write('.gitignore', 'dist/\n/src/gen\n');
  expect(files()).toEqual(['distance.ts', 'src/a.ts']);
});

test('a nested .gitignore goes before the one above it', () => {
  workshop.write('.gitignore', '*.ts\n');
  workshop.write('src/.gitignore', '!a.ts\n');
  expect(files()).toEqual(['dist/c.js', 'src/a.ts']);
});

test('the .gitignore files of the repository above the project count, as far as its top', () => {
  mkdirSync(join(dirname(workshop.root), '.git'));
  workshop.write('../.gitignore', 'shop/src/gen/\n/dist/\n');
  expect(files()).toEqual(['dist/c.js', 'distance.ts', 'src/a.ts']);
});

test('a project that its repository ignores as a whole is a program all the same', () => {
  mkdirSync(join(dirname(workshop.root), '.git'));
  workshop.write('../.gitignore', '*\n');
  expect(files()).toContain('src/a.ts');
});

test('exclude, .cdpushignore and include go before .gitignore, the last of them first', () => {
  workshop.write('.gitignore', 'dist/\nsrc/gen/\n');
  workshop.write('.cdpushignore', '!dist/\n');
  expect(files({ include: ['src/gen/'], exclude: ['distance.ts'] })).toEqual([
    'dist/c.js',
    'src/a.ts',
    'src/gen/b.ts',
  ]);
});

test('a pattern for folders leaves a file of that name alone', () => {
  workshop.write('src/dist', 'a file');
  workshop.write('.gitignore', 'dist/\n');
  expect(files()).toContain('src/dist');
});

test('what a build wrote is none of the program’s, wherever it lies', () => {
  workshop.write('out/site/cd-push.base.json', '{}');
  workshop.write('out/site/_cd/x.js', '');
  expect(files().filter((path) => path.startsWith('out/'))).toEqual([]);
});

test('an export of the audit is none of the program’s, whatever its name, its place and the rules', () => {
  const row = '{"v":1,"node":"api-a1","sequence":1,"previous":null,"at":1,"event":"opened"}\n';
  workshop.write('audit.jsonl', row);
  workshop.write('src/who.txt', row);
  workshop.write('src/other.jsonl', '{"v":1,"node":"api-a1","price":1}\n');
  expect(files({ include: ['**'] })).toEqual([
    'dist/c.js',
    'distance.ts',
    'src/a.ts',
    'src/gen/b.ts',
    'src/other.jsonl',
  ]);
});

test.each(['src/a.ts~', 'src/.a.ts.swp', 'src/sedX1y2Z3', 'src/a.ts.tmp.42', 'src/#a.ts#', 'src/4913'])(
  'an editor’s or a tool’s leftover is none of the program’s: %s',
  (path) => {
    workshop.write(path, '');
    expect(files()).not.toContain(path);
  },
);

test('the data folder of the stack never counts, whatever it is called and whatever the rules include', () => {
  workshop.write('stack/identity.json', '{}');
  workshop.write('stack/developer/key.json', '{}');
  const dataFolder = join(workshop.root, 'stack');
  expect(files({ dataFolder, include: ['stack/', 'stack/**'] })).toEqual([
    'dist/c.js',
    'distance.ts',
    'src/a.ts',
    'src/gen/b.ts',
  ]);
});

test('a link counts only where it leads to a file that counts', () => {
  workshop.write('.env', 'SECRET=1');
  workshop.write('stack/key.json', '{}');
  symlinkSync('../.env', join(workshop.root, 'src/env.txt'));
  symlinkSync('../stack/key.json', join(workshop.root, 'src/key.json'));
  symlinkSync('a.ts', join(workshop.root, 'src/link.ts'));
  const found = files({ dataFolder: join(workshop.root, 'stack') });
  expect(found.filter((path) => path.startsWith('src/'))).toEqual([
    'src/a.ts',
    'src/gen/b.ts',
    'src/link.ts',
  ]);
});
