import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { buildBase, type Base, type BaseOptions, type BaseUpdate } from '../../src/transform/base.ts';
import { contentDigest } from '../../src/transform/content-digest.ts';

let top: string;
let root: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'cd-push-base-'));
  root = join(top, 'shop');
  mkdirSync(root);
});
afterEach(() => rmSync(top, { recursive: true }));

const write = (files: Record<string, string | Uint8Array>): void => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
};
const build = (files: Record<string, string | Uint8Array>, options?: BaseOptions): Base => {
  write(files);
  return buildBase(root, 'shop', options);
};
const save = (base: Base, files: Record<string, string>): BaseUpdate => {
  write(files);
  return base.update(Object.keys(files).map((path) => join(root, path)));
};
const names = ({ changes }: BaseUpdate): string[] =>
  changes.map((change) => {
    if (change.change === 'delete') return `delete ${change.resource}`;
    const { resource } = change.entry;
    return change.change === 'rename' ? `rename ${change.from} to ${resource}` : `put ${resource}`;
  });

const sample = {
  'index.html': '<!doctype html>',
  'src/app.ts': `import { total } from './cart.js'; import './app.css'; console.log(total);`,
  'src/cart.ts': `export const total: number = 1;`,
  'src/cart.controller.ts': `import './cart'; import data from '/data.json'; import 'preact'; console.log(data);`,
  'src/app.css': `@import './theme.css'; a { b: url(x.png) }`,
  'src/theme.css': `:root { --c: red }`,
  'src/card.html': '<p></p>',
  'data.json': '{"a": 1}',
  'img/näme #1.bin': new Uint8Array([0, 255, 1]),
};

describe('a base', () => {
  test('holds every file by its canonical name, type, digest and address', () => {
    const { 'img/näme #1.bin': _, ...plain } = sample;
    const base = build({ ...plain, 'img/näme 1.bin': new Uint8Array([0, 255, 1]) });
    expect(base.problems()).toEqual([]);
    const { module, resources } = base.manifest();
    expect(module).toBe('shop');
    expect(Object.entries(resources).map(([name, { type }]) => `${name} ${type}`)).toEqual([
      '/shop/data.json config',
      '/shop/img/näme 1.bin asset',
      '/shop/index.html asset',
      '/shop/src/app.css style',
      '/shop/src/app.ts module',
      '/shop/src/card.html template',
      '/shop/src/cart.controller.ts controller',
      '/shop/src/cart.ts module',
      '/shop/src/theme.css style',
    ]);
    const cart = base.entry('/shop/src/cart.ts')!;
    expect(resources['/shop/src/cart.ts']!.url).toBe(`_cd/${cart.digest}.js`);
    expect(contentDigest(cart.content!)).toBe(cart.digest);
    expect(contentDigest(cart.map!)).toBe(cart.mapDigest);
    expect(resources['/shop/img/näme 1.bin']).toEqual({
      type: 'asset',
      digest: contentDigest(new Uint8Array([0, 255, 1])),
      url: 'img/n%C3%A4me%201.bin',
    });
    expect(base.bytesOf('/shop/img/näme 1.bin')).toEqual(Buffer.from([0, 255, 1]));
    expect(base.entry('/shop/src/cart.controller.ts')!.imports).toEqual({
      './cart': '/shop/src/cart.ts',
      '/data.json': '/shop/data.json',
      preact: 'preact',
    });
  });

  test('has one digest for one content, whatever way it came about', () => {
    const one = build({ 'a.ts': 'export {};', 'b.html': 'b' });
    const before = one.manifest().base;
    save(one, { 'b.html': 'other' });
    expect(one.manifest().base).not.toBe(before);
    save(one, { 'b.html': 'b' });
    expect(one.manifest().base).toBe(before);
    expect(buildBase(root, 'shop').manifest()).toEqual(one.manifest());
  });

  test('has the digest of the very bytes, byte order mark and all', () => {
    const base = build({ 'a.html': '\ufeff<p></p>' });
    const { digest, content } = base.entry('/shop/a.html')!;
    expect(content).toBe('\ufeff<p></p>');
    expect(digest).toBe(contentDigest(new TextEncoder().encode('\ufeff<p></p>')));
  });

  test('gives no bytes of an asset that is not the one it knows', () => {
    const base = build({ 'a.bin': 'one' });
    write({ 'a.bin': 'two' });
    expect(base.bytesOf('/shop/a.bin')).toBeUndefined();
    base.update(['a.bin']);
    expect(base.bytesOf('/shop/a.bin')).toEqual(Buffer.from('two'));
  });

  test('leaves out what belongs to tools, secrets, and what it is told to', () => {
    const base = build(
      {
        'a.ts': '',
        'a.d.ts': '',
        '.env': 'SECRET=1',
        '.git/config': '',
        'node_modules/x/index.js': '',
        'sub/node_modules/y.js': '',
        'package.json': '{}',
        'tsconfig.build.json': '// not JSON',
        'cd-push.config.ts': '',
        'notes/todo.md': '',
      },
      { ignore: (path) => path === 'notes' },
    );
    expect(Object.keys(base.manifest().resources)).toEqual(['/shop/a.ts']);
    expect(save(base, { 'node_modules/x/index.js': '1', '.env': '2', 'notes/todo.md': 'x' }).changes).toEqual(
      [],
    );
  });

  test('never follows a link out of the project', () => {
    writeFileSync(join(top, 'secret.ts'), 'export const secret = 1;');
    mkdirSync(join(top, 'elsewhere'));
    writeFileSync(join(top, 'elsewhere', 'x.ts'), '');
    write({ 'a.ts': 'export {};' });
    symlinkSync(join(top, 'secret.ts'), join(root, 'link.ts'));
    symlinkSync(join(top, 'elsewhere'), join(root, 'folder'));
    symlinkSync(join(root, 'a.ts'), join(root, 'b.ts'));
    const base = buildBase(root, 'shop');
    const expected = ['/shop/a.ts', '/shop/b.ts'];
    expect(Object.keys(base.manifest().resources)).toEqual(expected);
    base.update(['link.ts', 'folder', 'folder/x.ts', '../secret.ts', join(top, 'secret.ts')]);
    expect(Object.keys(base.manifest().resources)).toEqual(expected);
  });

  test('leaves out files at fault and says what is wrong with each', () => {
    const base = build({
      'good.ts': 'export {};',
      'bad.ts': 'const = ;',
      'bad.css': 'a {',
      'bad.json': '{\n  "a": 1,\n}',
      'bad.html': new Uint8Array([0xff, 0xfe, 0x00]),
      'bad%name.txt': 'x',
    });
    expect(Object.keys(base.manifest().resources)).toEqual(['/shop/good.ts']);
    const places = base.problems().map(({ resource, line, column }) => `${resource}:${line}:${column}`);
    expect(places.toSorted()).toEqual([
      '/shop/bad%name.txt:1:1',
      '/shop/bad.css:1:3',
      '/shop/bad.html:1:1',
      '/shop/bad.json:3:1',
      '/shop/bad.ts:1:7',
    ]);
  });
});

describe('an update', () => {
  const { 'img/näme #1.bin': _, ...plain } = sample;

  test('gives what was saved, and nothing where the file says the same as before', () => {
    const base = build(plain);
    expect(names(save(base, { 'src/cart.ts': 'export const total = 2;' }))).toEqual([
      'put /shop/src/cart.ts',
    ]);
    expect(names(save(base, { 'src/cart.ts': 'export const total = 2;' }))).toEqual([]);
    expect(base.entry('/shop/src/cart.ts')!.content).toContain('total = 2');
  });

  test('gives the style sheets that hold an imported one too', () => {
    const base = build(plain);
    expect(names(save(base, { 'src/theme.css': ':root { --c: blue }' }))).toEqual([
      'put /shop/src/app.css',
      'put /shop/src/theme.css',
    ]);
    expect(base.entry('/shop/src/app.css')!.content).toContain('blue');
  });

  test('a burst of saves is one update', () => {
    const base = build(plain);
    const update = save(base, { 'src/card.html': '<b></b>', 'data.json': '{}', 'new.ts': 'export {};' });
    expect(names(update)).toEqual(['put /shop/data.json', 'put /shop/new.ts', 'put /shop/src/card.html']);
  });

  test('a file at fault gives a problem and no change; its last good version stays until it is repaired', () => {
    const base = build(plain);
    const { digest } = base.entry('/shop/src/cart.ts')!;
    const broken = save(base, { 'src/cart.ts': 'export const total = ;' });
    expect(broken.changes).toEqual([]);
    expect(broken.problems).toMatchObject([{ resource: '/shop/src/cart.ts', line: 1, column: 22 }]);
    expect(base.entry('/shop/src/cart.ts')!.digest).toBe(digest);
    expect(save(base, { 'data.json': '[]' }).problems).toHaveLength(1);
    expect(save(base, { 'src/cart.ts': 'export const total: number = 1;' })).toEqual({
      changes: [],
      problems: [],
    });
  });

  test('a file that is removed is deleted, and who still imports it is at fault', () => {
    const base = build(plain);
    rmSync(join(root, 'src/cart.ts'));
    const update = base.update(['src/cart.ts']);
    expect(names(update)).toEqual(['delete /shop/src/cart.ts']);
    expect(update.problems.map(({ resource }) => resource).toSorted()).toEqual([
      '/shop/src/app.ts',
      '/shop/src/cart.controller.ts',
    ]);
    expect(save(base, { 'src/cart.ts': 'export const total = 3;' })).toMatchObject({ problems: [] });
  });

  test('of files that say the same each is deleted or moved by itself', () => {
    const base = build({ 'a.html': '<p></p>', 'b.html': '<p></p>', 'c.html': '<p></p>' });
    rmSync(join(root, 'a.html'));
    rmSync(join(root, 'b.html'));
    renameSync(join(root, 'c.html'), join(root, 'd.html'));
    expect(names(base.update(['a.html', 'b.html', 'c.html', 'd.html']))).toEqual(
      ['rename /shop/a.html to /shop/d.html', 'delete /shop/b.html', 'delete /shop/c.html'].toSorted(),
    );
    write({ 'e.html': '<p></p>', 'f.html': '<p></p>' });
    base.update(['e.html', 'f.html']);
    rmSync(join(root, 'e.html'));
    rmSync(join(root, 'f.html'));
    expect(names(base.update(['e.html', 'f.html']))).toEqual(['delete /shop/e.html', 'delete /shop/f.html']);
  });

  test('a file that moves unchanged is renamed, and its importers change with it', () => {
    const base = build({ 'a.ts': `import './lib/index.js';`, 'lib/index.ts': `export const x: number = 1;` });
    renameSync(join(root, 'lib/index.ts'), join(root, 'lib/main.ts'));
    write({ 'a.ts': `import './lib/main.js';` });
    expect(names(base.update(['a.ts', 'lib/index.ts', 'lib/main.ts']))).toEqual([
      'put /shop/a.ts',
      'rename /shop/lib/index.ts to /shop/lib/main.ts',
    ]);
  });

  test('a file that becomes something else by its new name is deleted and put', () => {
    const base = build({ 'a.html': '{}' });
    renameSync(join(root, 'a.html'), join(root, 'a.json'));
    expect(names(base.update(['a.html', 'a.json']))).toEqual(['delete /shop/a.html', 'put /shop/a.json']);
  });

  test('a style sheet that is removed leaves its importers at fault', () => {
    const base = build({ 'a.css': '@import "b.css";', 'b.css': 'b {}' });
    rmSync(join(root, 'b.css'));
    expect(base.update(['b.css'])).toMatchObject({
      changes: [{ change: 'delete', resource: '/shop/b.css' }],
      problems: [{ resource: '/shop/a.css', line: 1, column: 1 }],
    });
  });

  test('a new file that an import now means changes the importer, though it was not saved', () => {
    const base = build({
      'a.ts': `import { x } from './x'; console.log(x);`,
      'x/index.ts': 'export const x = 1;',
    });
    expect(names(save(base, { 'x.ts': 'export const x = 2;' }))).toEqual([
      'put /shop/a.ts',
      'put /shop/x.ts',
    ]);
    expect(base.entry('/shop/a.ts')!.imports).toEqual({ './x': '/shop/x.ts' });
  });

  test('a folder stands for all that is and was in it', () => {
    const base = build({ 'old/a.ts': 'export const a = 1;', 'old/deep/b.html': 'b', 'c.ts': 'export {};' });
    renameSync(join(root, 'old'), join(root, 'new'));
    expect(names(base.update(['old', 'new']))).toEqual([
      'rename /shop/old/a.ts to /shop/new/a.ts',
      'rename /shop/old/deep/b.html to /shop/new/deep/b.html',
    ]);
    rmSync(join(root, 'new'), { recursive: true });
    expect(names(base.update(['new']))).toEqual(['delete /shop/new/a.ts', 'delete /shop/new/deep/b.html']);
  });

  test('a style sheet at fault through one that it imports is well again with it', () => {
    const base = build({ 'a.css': '@import "b.css";', 'b.css': 'b {' });
    expect(base.problems()).toHaveLength(2);
    expect(names(save(base, { 'b.css': 'b {}' }))).toEqual(['put /shop/a.css', 'put /shop/b.css']);
  });
});
