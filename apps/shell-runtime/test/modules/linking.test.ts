import { describe, expect, test } from 'vitest';

import { World } from './world.ts';

describe('linking', () => {
  test('modules are evaluated once each, dependencies first, in the order of the imports', async () => {
    const world = new World({
      'main.ts': `import './a.ts'; import './b.ts'; log('main');`,
      'a.ts': `import './shared.ts'; log('a');`,
      'b.ts': `import './shared.ts'; log('b');`,
      'shared.ts': `log('shared');`,
    });
    await world.start();
    expect(world.logged()).toEqual(['shared', 'a', 'b', 'main']);
  });

  test('a shared module is one instance for all who import it, statically or not', async () => {
    const world = new World({
      'main.ts': `import { count } from './a.ts'; import { state } from './shared.ts';
        const lazy = await import('./shared.ts');
        export const same = lazy.state === state; count(); export const n = state.n;`,
      'a.ts': `import { state } from './shared.ts'; export const count = () => { state.n += 1; };`,
      'shared.ts': `export const state = { n: 1 };`,
    });
    expect(await world.start()).toMatchObject({ same: true, n: 2 });
  });

  test('functions are hoisted across an import cycle, and bindings are live after it', async () => {
    const world = new World({
      'main.ts': `export { even, depth } from './even.ts';`,
      'even.ts': `import { odd, early } from './odd.ts'; export function even(n: number): boolean { return n === 0 || odd(n - 1); }
        export let depth = 0; depth = early + 1;`,
      'odd.ts': `import { even } from './even.ts'; export function odd(n: number): boolean { return n !== 0 && even(n - 1); }
        export const early = even(0) ? 41 : 0;`,
    });
    const { even, depth } = await world.start();
    expect((even as (n: number) => boolean)(10)).toBe(true);
    expect(depth).toBe(42);
  });

  test('a binding read before its module was evaluated throws, as in a native cycle', async () => {
    const world = new World({
      'main.ts': `import { b } from './b.ts'; export const a = 1;`,
      'b.ts': `import { a } from './main.ts'; export const b = a;`,
    });
    await expect(world.start()).rejects.toThrow(ReferenceError);
  });

  test('export * reaches names that a cycle defines only later, and never overrides own names nor default', async () => {
    const world = new World({
      'main.ts': `export * from './a.ts'; export * as b from './b.ts';`,
      'a.ts': `export * from './b.ts'; export * from './c.ts'; export const own = 'a'; export default 'a';`,
      'b.ts': `export * from './a.ts'; export const own = 'b';`,
      'c.ts': `export const late = 'c';`,
    });
    const namespace = await world.start();
    expect(namespace.own).toBe('a');
    expect(namespace.late).toBe('c');
    expect('default' in namespace).toBe(false);
    expect({ ...(namespace.b as object) }).toEqual({ own: 'b', late: 'c' });
  });

  test('two dynamic imports that meet in a cycle do not wait for each other for ever', async () => {
    const world = new World({
      'main.ts': `const both = await Promise.all([import('./a.ts'), import('./b.ts')]); export const n = both[0].fa() + both[1].fb();`,
      'a.ts': `import { fb } from './b.ts'; export function fa() { return 1; } export const viaB = () => fb();`,
      'b.ts': `import { fa } from './a.ts'; export function fb() { return 2; } export const viaA = () => fa();`,
    });
    expect(await world.start()).toMatchObject({ n: 3 });
  });

  test('a name that a module does not export is refused as an engine does it, and says whose it is', async () => {
    const world = new World({
      'main.ts': `export { total } from './cart.ts';`,
      'cart.ts': `export const sum = 1;`,
    });
    await expect(world.start()).rejects.toThrow(
      "The requested module '/m/cart.ts' does not provide an export named 'total'",
    );
    expect(await world.push({ 'cart.ts': `export const sum = 1; export const total = 2;` })).toMatchObject({
      status: 'applied',
    });
  });

  test('a bare specifier goes to the external port, once', async () => {
    const world = new World({ 'main.ts': `import './a.ts'; log('main');`, 'a.ts': `log('a');` });
    await world.start();
    expect(world.logged()).toEqual(['a', 'main']);
    expect(world.externals).toEqual(['world']);
  });

  test('a package that is not there rejects, and the import is tried again next time', async () => {
    const world = new World({
      'main.ts': `const load = () => import('absent'); const errors: unknown[] = [];
        for (const _ of [1, 2]) try { await load(); } catch (error) { errors.push((error as Error).message); } export { errors };`,
    });
    expect(await world.start()).toMatchObject({
      errors: ['There is no package absent.', 'There is no package absent.'],
    });
    expect(world.externals.filter((specifier) => specifier === 'absent')).toHaveLength(2);
  });

  test('JSON, styles and assets are imported as value, applied text and URL', async () => {
    const world = new World({
      'main.ts': `import config, { name } from './config.json'; import css from './main.css'; import logo from './logo.svg';
        export { config, name, css, logo };`,
      'config.json': `{"name": "shop"}`,
      'main.css': `a { color: red }`,
      'logo.svg': `<svg/>`,
    });
    expect(await world.start()).toMatchObject({
      config: { name: 'shop' },
      name: 'shop',
      css: 'a { color: red }',
      logo: 'https://example.test/m/logo.svg',
    });
    expect(world.styles.get('/m/main.css')).toBe('a { color: red }');
  });

  test('import.meta.url is the address of the file itself', async () => {
    const world = new World({ 'main.ts': `export const here = import.meta.url;` });
    expect(await world.start()).toMatchObject({ here: 'https://example.test/m/main.ts' });
  });

  test('a computed specifier is taken relative to its module, and may not leave the project', async () => {
    const world = new World({
      'main.ts': `export const load = (path: string) => import(path);`,
      'pages/home.ts': `export const title = 'home';`,
    });
    const { load } = (await world.start()) as { load: (path: string) => Promise<unknown> };
    expect(await load('./pages/home.ts')).toMatchObject({ title: 'home' });
    expect(await load('/pages/home.ts')).toMatchObject({ title: 'home' });
    await expect(load('../other/secret.ts')).rejects.toThrow('leads out of the module');
  });

  test('an entry that fails rejects with its own error, and a push that repairs it starts it', async () => {
    const world = new World({
      'main.ts': `import './a.ts'; log('main');`,
      'a.ts': `throw new Error('broken');`,
    });
    await expect(world.start()).rejects.toThrow('broken');
    expect(await world.push({ 'a.ts': `log('a');` })).toMatchObject({ status: 'applied' });
    expect(world.logged()).toEqual(['a', 'main']);
  });
});
