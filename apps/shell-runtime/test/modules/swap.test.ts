import { describe, expect, test } from 'vitest';

import { World } from './world.ts';

const applied = { status: 'applied' };
const failed = { status: 'failed', kind: 'apply-failed', restored: true };

const self = `import.meta.hot!.accept();`;

/** Lets everything run that waits for nothing but promises. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A module that accepts itself and keeps a count over its evaluations. */
const counter = (name: string, rest = ''): string => `
  export const version = '${name}'; const data = import.meta.hot!.data; export let count: number = (data.count as number) ?? 0;
  export const up = () => { count += 1; }; log('run ${name}');
  import.meta.hot!.accept((m: any) => log('accepted ' + m?.version)); 
  import.meta.hot!.dispose((d) => { d.count = count; log('dispose ${name}'); }); ${rest}`;

describe('who takes a change in', () => {
  test('a module that accepts itself is replaced alone; its accept callback gets the new one', async () => {
    const world = new World({ 'main.ts': `import './a.ts'; log('main');`, 'a.ts': counter('a1') });
    await world.start();
    world.logged();
    expect(await world.push({ 'a.ts': counter('a2') })).toMatchObject({ ...applied, updated: ['/m/a.ts'] });
    expect(world.logged()).toEqual(['dispose a1', 'run a2', 'accepted a2']);
  });

  test('a change two levels below the acceptor evaluates all between anew, dependencies first', async () => {
    const world = new World({
      'main.ts': `import { b } from './b.ts'; import.meta.hot!.accept('./b.ts', (m) => log('got ' + m!.b)); log('main ' + b);`,
      'b.ts': `import { c } from './c.ts'; export const b = 'b' + c; log('run b'); import.meta.hot!.dispose(() => log('dispose b'));`,
      'c.ts': `export const c = 1; import.meta.hot!.dispose(() => log('dispose c'));`,
    });
    await world.start();
    world.logged();
    expect(await world.push({ 'c.ts': `export const c = 2; log('run c');` })).toMatchObject({
      ...applied,
      updated: ['/m/c.ts', '/m/b.ts'],
    });
    expect(world.logged()).toEqual(['dispose b', 'dispose c', 'run c', 'run b', 'got b2']);
    expect(world.loads.filter((resource) => resource === '/m/b.ts')).toHaveLength(1);
  });

  test('a module that nobody changed stays one instance for old and new importers', async () => {
    const world = new World({
      'main.ts': `export { view } from './a.ts'; export { state } from './shared.ts';`,
      'a.ts': `import { state } from './shared.ts'; export const view = state; import.meta.hot!.accept(); log(state);`,
      'shared.ts': `export const state = { n: 0 };`,
    });
    const { state } = await world.start();
    await world.push({
      'a.ts': `import { state } from './shared.ts'; import.meta.hot!.accept(); log(state);`,
    });
    expect(world.logged()).toEqual([state, state]);
    expect(world.log[1]).toBe(world.log[0]);
  });

  test('one change to a shared module is taken in by every importer, and evaluated once', async () => {
    const importer = (name: string): string =>
      `import { s } from './shared.ts'; import.meta.hot!.accept(); log('${name}' + s);`;
    const world = new World({
      'main.ts': `import './a.ts'; import './b.ts';`,
      'a.ts': importer('a'),
      'b.ts': importer('b'),
      'shared.ts': `export const s = 1; log('shared');`,
    });
    await world.start();
    world.logged();
    await world.push({ 'shared.ts': `export const s = 2; log('shared');` });
    expect(world.logged()).toEqual(['shared', 'a2', 'b2']);
  });

  test('without an acceptor on one of the ways up nothing is touched, and the failure names that way', async () => {
    const world = new World({
      'main.ts': `import './a.ts'; import './b.ts';`,
      'a.ts': `import './shared.ts'; import.meta.hot!.accept(); import.meta.hot!.dispose(() => log('dispose a'));`,
      'b.ts': `import './shared.ts';`,
      'shared.ts': `export const s = 1;`,
    });
    await world.start();
    expect(await world.push({ 'shared.ts': `log('never');` })).toMatchObject({
      ...failed,
      at: 'unaccepted',
      chain: ['/m/shared.ts', '/m/b.ts', '/m/main.ts'],
    });
    expect(world.logged()).toEqual([]);
  });

  test('an entry is not taken in by whoever imports it in a cycle, for its namespace is held outside', async () => {
    const world = new World({
      'main.ts': `import './a.ts';`,
      'a.ts': `import './main.ts'; import.meta.hot!.accept();`,
    });
    await world.start();
    expect(await world.push({ 'main.ts': `log('never');` })).toMatchObject({
      at: 'unaccepted',
      chain: ['/m/main.ts'],
    });
  });

  test('a list of dependencies is told in one call which of them are new', async () => {
    const world = new World({
      'main.ts': `import './a.ts'; import './b.ts'; import './c.ts';
        import.meta.hot!.accept(['./a.ts', './b.ts', './c'], (modules) => log(modules.map((m) => m?.default)));`,
      'a.ts': `export default 'a1';`,
      'b.ts': `export default 'b1';`,
      'c.ts': `export default 'c1';`,
    });
    await world.start();
    await world.push({ 'a.ts': `export default 'a2';`, 'c.ts': `export default 'c2';` });
    expect(world.logged()).toEqual([['a2', undefined, 'c2']]);
  });

  test('accepted exports end the way up to importers that bind none but these', async () => {
    const files = {
      'main.ts': `import { b } from './b.ts'; log('main ' + b);`,
      'b.ts': `import { x } from './a.ts'; export const b = x;`,
      'a.ts': `export const x = 1; export const y = 1; import.meta.hot!.acceptExports('x', (m) => log('x ' + m!.x));`,
    };
    const change = { 'a.ts': `export const x = 2; export const y = 2;` };
    const some = new World(files);
    await some.start();
    expect(await some.push(change)).toMatchObject({ ...applied, updated: ['/m/a.ts'] });
    expect(some.logged()).toEqual(['main 1', 'x 2']);

    for (const wider of [
      `import { x, y } from './a.ts';`,
      `import * as all from './a.ts'; const { x } = all;`,
      `import * as all from './a.ts'; import { x } from './a.ts'; log(all);`,
    ]) {
      const more = new World({ ...files, 'b.ts': `${wider} export const b = x;` });
      await more.start();
      expect(await more.push(change)).toMatchObject({ ...failed, at: 'unaccepted' });
    }
  });

  test('a cycle is evaluated anew as a whole from its acceptor', async () => {
    const world = new World({
      'main.ts': `import { even } from './even.ts'; import.meta.hot!.accept('./even.ts', (m) => log(m!.even(10))); log(even(10));`,
      'even.ts': `import { odd } from './odd.ts'; export function even(n: number): boolean { return n === 0 || odd(n - 1); }`,
      'odd.ts': `import { even } from './even.ts'; export function odd(n: number): boolean { return n !== 0 && even(n - 1); }`,
    });
    await world.start();
    const result = await world.push({
      'odd.ts': `import { even } from './even.ts'; export function odd(n: number): any { return n !== 0 && even(n - 1) && 'yes'; }`,
    });
    expect(result).toMatchObject({ ...applied, updated: ['/m/odd.ts', '/m/even.ts'] });
    expect(world.logged()).toEqual([true, 'yes']);
  });

  test('a file that nobody runs is checked and kept for later, without touching anything', async () => {
    const world = new World({
      'main.ts': `export const load = () => import('./lazy.ts');`,
      'lazy.ts': `export const v = 1;`,
    });
    const { load } = (await world.start()) as { load: () => Promise<{ v: number }> };
    expect(await world.push({ 'lazy.ts': `export const v = 2;` })).toMatchObject({ ...applied, updated: [] });
    expect((await load()).v).toBe(2);
  });

  test('content that is in place already is not evaluated again', async () => {
    const world = new World({ 'main.ts': `import './a.ts';`, 'a.ts': counter('a1') });
    await world.start();
    world.logged();
    expect(await world.push({ 'a.ts': counter('a1') })).toMatchObject({ ...applied, updated: [] });
    expect(world.logged()).toEqual([]);
  });

  test('an acceptor that is itself evaluated anew is not called for what it accepted before', async () => {
    const world = new World({
      'main.ts': `import './page.ts';`,
      'page.ts': `import './a.ts'; import './b.ts'; log('page'); import.meta.hot!.accept(); import.meta.hot!.accept('./b.ts', () => log('never'));`,
      'a.ts': `1;`,
      'b.ts': `1;`,
    });
    await world.start();
    expect(await world.push({ 'a.ts': `2;`, 'b.ts': `2;` })).toMatchObject(applied);
    expect(world.logged()).toEqual(['page', 'page']);
  });

  test('a module that was imported by a computed name is accepted by who imported it', async () => {
    const world = new World({
      'main.ts': `const load = (name: string) => import('./pages/' + name); await load('home.ts');
        import.meta.hot!.accept('./pages/home.ts', (m) => log(m!.v));`,
      'pages/home.ts': `export const v = 1;`,
    });
    await world.start();
    expect(await world.push({ 'pages/home.ts': `export const v = 2;` })).toMatchObject(applied);
    expect(world.logged()).toEqual([2]);
    expect(await world.push({ 'pages/home.ts': null })).toMatchObject({
      ...applied,
      pruned: ['/m/pages/home.ts'],
    });
  });

  test('a module whose import() failed is repaired by a push, for the next import()', async () => {
    const world = new World({
      'main.ts': `export const load = () => import('./lazy.ts');`,
      'lazy.ts': `throw new Error('broken');`,
    });
    const { load } = (await world.start()) as { load: () => Promise<{ v: number }> };
    await expect(load()).rejects.toThrow('broken');
    await expect(load()).rejects.toThrow('broken');
    expect(await world.push({ 'lazy.ts': `export const v = 2;` })).toMatchObject(applied);
    expect((await load()).v).toBe(2);
  });

  test('a module that is still being evaluated is replaced once it is', async () => {
    const world = new World({
      'main.ts': `export const load = () => import('./lazy.ts');`,
      'lazy.ts': `log('lazy 1'); await new Promise<void>((resolve) => log(resolve)); log('lazy 1 done'); import.meta.hot!.accept();`,
    });
    const { load } = (await world.start()) as { load: () => Promise<unknown> };
    const loading = load();
    await settled();
    const push = world.push({ 'lazy.ts': `log('lazy 2'); import.meta.hot!.accept();` });
    await settled();
    const [, resolve] = world.logged() as [string, () => void];
    resolve();
    await loading;
    expect(await push).toMatchObject({ ...applied, updated: ['/m/lazy.ts'] });
    expect(world.logged()).toEqual(['lazy 1 done', 'lazy 2']);
  });

  test('a module whose evaluation hangs needs a restart', async () => {
    const world = new World({
      'main.ts': `export const load = () => import('./lazy.ts');`,
      'lazy.ts': `await new Promise(() => undefined);`,
    });
    const { load } = (await world.start()) as { load: () => Promise<unknown> };
    void load();
    await settled();
    const push = world.push({ 'lazy.ts': `1;` });
    await settled();
    world.health.timeOut();
    expect(await push).toMatchObject({ ...failed, at: 'unaccepted', chain: ['/m/lazy.ts', '/m/main.ts'] });
  });

  test('an old file whose load ends after the swap does not come back', async () => {
    const world = new World({
      'main.ts': `export const load = () => import('./lazy.ts');`,
      'lazy.ts': `export const v = 1;`,
    });
    const { load } = (await world.start()) as { load: () => Promise<{ v: number }> };
    let found!: () => void;
    world.finding = new Promise((resolve) => {
      found = resolve;
    });
    const loading = load();
    await settled();
    await world.push({ 'lazy.ts': `export const v = 2;` });
    found();
    expect((await loading).v).toBe(2);
  });
});

describe('several files', () => {
  test('a new file that a new version imports is loaded and evaluated with it', async () => {
    const world = new World({ 'main.ts': `import './a.ts';`, 'a.ts': counter('a1') });
    await world.start();
    world.logged();
    const result = await world.push({
      'a.ts': `import { extra } from './extra.ts'; ${counter('a2', 'log(extra);')}`,
      'extra.ts': `export const extra = 'extra'; log('run extra');`,
    });
    expect(result).toMatchObject(applied);
    expect(world.logged()).toEqual(['dispose a1', 'run extra', 'run a2', 'extra', 'accepted a2']);
  });

  test('a file of the base that was never imported is loaded for the version that imports it first', async () => {
    const world = new World({
      'main.ts': `import './a.ts';`,
      'a.ts': counter('a1'),
      'b.ts': `log('run b');`,
    });
    await world.start();
    await world.push({ 'a.ts': `import './b.ts'; ${counter('a2')}` });
    expect(world.logged()).toContain('run b');
  });

  test('an import that is not to be had refuses all files, and nothing is evaluated', async () => {
    const world = new World({
      'main.ts': `import './a.ts'; import './b.ts';`,
      'a.ts': counter('a1'),
      'b.ts': counter('b1'),
    });
    await world.start();
    world.logged();
    expect(
      await world.push({ 'b.ts': counter('b2'), 'a.ts': `import './absent.ts'; ${counter('a2')}` }),
    ).toMatchObject({
      ...failed,
      at: 'load',
    });
    expect(world.logged()).toEqual([]);
  });

  test('content that does not parse refuses all files, and nothing is evaluated', async () => {
    const world = new World({
      'main.ts': `import './a.ts'; import './b.ts';`,
      'a.ts': counter('a1'),
      'b.ts': counter('b1'),
    });
    await world.start();
    world.logged();
    const broken = { ...world.change('a.ts', ''), digest: 'sha256-broken', content: 'export default (' };
    const result = await world.pushChanges([world.change('b.ts', counter('b2')), broken]);
    expect(result).toMatchObject({ ...failed, at: 'load' });
    expect(result).toHaveProperty('error.name', 'SyntaxError');
    expect(world.logged()).toEqual([]);
  });

  test('a failure in one file restores the others too', async () => {
    const world = new World({
      'main.ts': `import './a.ts'; import './b.ts';`,
      'a.ts': counter('a1'),
      'b.ts': counter('b1'),
    });
    await world.start();
    world.logged();
    const result = await world.push({ 'a.ts': counter('a2'), 'b.ts': `throw new Error('no b');` });
    expect(result).toMatchObject({ ...failed, at: 'evaluate', error: { message: 'no b' } });
    expect(world.logged()).toEqual([
      'dispose b1',
      'dispose a1',
      'run a2',
      'dispose a2',
      'run a1',
      'run b1',
      'accepted a1',
      'accepted b1',
    ]);
  });
});

describe('deleting and renaming', () => {
  const using = (specifier: string): string =>
    `import { v } from '${specifier}'; log(v); import.meta.hot!.accept();`;
  const part = `export const v = import.meta.hot!.data.v ?? 'first'; import.meta.hot!.dispose((d) => { d.v = 'kept'; log('dispose'); });
    import.meta.hot!.prune(() => log('prune'));`;

  test('a file whose importers let go of it is disposed, pruned and gone', async () => {
    const world = new World({ 'main.ts': `import './a.ts';`, 'a.ts': using('./part.ts'), 'part.ts': part });
    await world.start();
    world.logged();
    const result = await world.push({ 'a.ts': `import.meta.hot!.accept();`, 'part.ts': null });
    expect(result).toMatchObject({ ...applied, pruned: ['/m/part.ts'] });
    expect(world.logged()).toEqual(['dispose', 'prune']);
    expect(world.modules.digestOf('/m/part.ts')).toBeUndefined();
  });

  test('a file that something still imports is not deleted', async () => {
    const world = new World({ 'main.ts': `import './a.ts';`, 'a.ts': using('./part.ts'), 'part.ts': part });
    await world.start();
    world.logged();
    expect(await world.push({ 'part.ts': null })).toMatchObject({
      ...failed,
      at: 'load',
      error: { message: '/m/a.ts still imports /m/part.ts, which is deleted.' },
    });
    expect(await world.push({ 'part.ts': null, 'a.ts': `${using('./part.ts')} ` })).toMatchObject({
      ...failed,
      at: 'load',
    });
    expect(world.logged()).toEqual([]);
  });

  test('an entry is not deleted from under a running program', async () => {
    const world = new World({ 'main.ts': `log('main');` });
    await world.start();
    expect(await world.push({ 'main.ts': null })).toMatchObject({ ...failed, at: 'unaccepted' });
  });

  test('a renamed file keeps its data under the new name', async () => {
    const world = new World({ 'main.ts': `import './a.ts';`, 'a.ts': using('./old.ts'), 'old.ts': part });
    await world.start();
    const result = await world.pushChanges([
      world.change('a.ts', using('./new.ts')),
      world.change('new.ts', part, 'old.ts'),
    ]);
    expect(result).toMatchObject({ ...applied, pruned: ['/m/old.ts'] });
    expect(world.logged()).toEqual(['first', 'dispose', 'kept', 'prune']);
    expect(world.modules.runs('/m/old.ts')).toBe(false);
  });

  test('a rename that fails gives the old name its data back', async () => {
    const world = new World({ 'main.ts': `import './a.ts';`, 'a.ts': using('./old.ts'), 'old.ts': part });
    await world.start();
    const result = await world.pushChanges([
      world.change('a.ts', `${using('./new.ts')} throw new Error('no');`),
      world.change('new.ts', part, 'old.ts'),
    ]);
    expect(result).toMatchObject({ ...failed, at: 'evaluate' });
    expect(world.logged()).toEqual(['first', 'dispose', 'kept', 'dispose', 'kept']);
    expect(world.modules.runs('/m/old.ts')).toBe(true);
    expect(world.modules.runs('/m/new.ts')).toBe(false);
  });

  test('two files can take each other’s names', async () => {
    const part2 = `export const v = 'second'; log(import.meta.hot!.data); import.meta.hot!.dispose((d) => { d.of = 'second'; });`;
    const part1 = `export const v = 'first'; log(import.meta.hot!.data); import.meta.hot!.dispose((d) => { d.of = 'first'; });`;
    const main = (order: string): string =>
      `import { v as a } from './a.ts'; import { v as b } from './b.ts'; log(a + ' ' + b + '${order}'); import.meta.hot!.accept();`;
    const world = new World({
      'main.ts': `import './page.ts';`,
      'page.ts': main(''),
      'a.ts': part1,
      'b.ts': part2,
    });
    await world.start();
    world.logged();
    const result = await world.modules.swap([
      world.change('a.ts', part2, 'b.ts'),
      world.change('b.ts', part1, 'a.ts'),
      world.change('page.ts', main('!')),
    ]);
    expect(result).toMatchObject({ ...applied, pruned: [] });
    expect(world.logged()).toEqual([{ of: 'second' }, { of: 'first' }, 'second first!']);
  });

  test('data goes neither to a file of a name that a failed rename wanted, nor to one that was pruned', async () => {
    const told = `log(import.meta.hot!.data); import.meta.hot!.dispose((d) => { d.left = true; });`;
    const world = new World({
      'main.ts': `import './a.ts';`,
      'a.ts': `import './old.ts'; ${self}`,
      'old.ts': told,
    });
    await world.start();
    world.logged();
    expect(
      await world.pushChanges([
        world.change('a.ts', `throw new Error('no');`),
        world.change('new.ts', told, 'old.ts'),
      ]),
    ).toMatchObject(failed);
    world.logged();
    await world.push({ 'a.ts': `import './old.ts'; import './new.ts'; ${self}`, 'new.ts': told });
    expect(world.logged()).toEqual([{}]);
    await world.push({ 'a.ts': self, 'old.ts': `${told} 2;` });
    await world.push({ 'a.ts': `import './old.ts'; ${self}` });
    expect(world.logged()).toEqual([{}]);
  });

  test('what no module imports any more is pruned with all that it alone imported', async () => {
    const world = new World({
      'main.ts': `import './a.ts'; import './shared.ts';`,
      'a.ts': using('./part.ts'),
      'part.ts': `import './deep.ts'; import './shared.ts'; ${part}`,
      'deep.ts': `import.meta.hot!.dispose(() => log('dispose deep')); import.meta.hot!.prune(() => log('prune deep'));`,
      'shared.ts': `import.meta.hot!.prune(() => log('never'));`,
    });
    await world.start();
    world.logged();
    const result = await world.push({ 'a.ts': `import.meta.hot!.accept();` });
    expect(result).toMatchObject({ ...applied, pruned: ['/m/part.ts', '/m/deep.ts'] });
    expect(world.logged()).toEqual(['dispose', 'prune', 'dispose deep', 'prune deep']);
  });

  test('a style sheet that is imported replaces itself, and goes when it is pruned', async () => {
    const world = new World({
      'main.ts': `import './a.ts';`,
      'a.ts': `import './a.css'; import.meta.hot!.accept();`,
      'a.css': `a{}`,
    });
    await world.start();
    expect(await world.push({ 'a.css': `b{}` })).toMatchObject({ ...applied, updated: ['/m/a.css'] });
    expect(world.styles.get('/m/a.css')).toBe('b{}');
    await world.push({ 'a.ts': `import.meta.hot!.accept();` });
    expect(world.styles.size).toBe(0);
  });
});

describe('state', () => {
  test('what dispose leaves in data is what the next version finds', async () => {
    const world = new World({ 'main.ts': `export * as a from './a.ts';`, 'a.ts': counter('a1') });
    const { a } = (await world.start()) as { a: { up: () => void } };
    a.up();
    a.up();
    world.logged();
    await world.push({ 'a.ts': counter('a2', 'log(count);') });
    expect(world.logged()).toEqual(['dispose a1', 'run a2', 2, 'accepted a2']);
  });

  test('a throwing version gives way to the old one, with the data that the old one left', async () => {
    const world = new World({
      'main.ts': `export * as a from './a.ts';`,
      'a.ts': counter('a1', 'log(count);'),
    });
    const { a } = (await world.start()) as { a: { up: () => void } };
    a.up();
    world.logged();
    const result = await world.push({
      'a.ts': `import.meta.hot!.data.count = 99; import.meta.hot!.dispose(() => log('dispose a2')); throw new Error('broken controller');`,
    });
    expect(result).toMatchObject({ ...failed, at: 'evaluate', error: { message: 'broken controller' } });
    expect(result).toHaveProperty('stack', expect.stringContaining('broken controller'));
    expect(world.logged()).toEqual(['dispose a1', 'dispose a2', 'run a1', 1, 'accepted a1']);
    // And the next push is as if the broken one had never been.
    await world.push({ 'a.ts': counter('a3', 'log(count);') });
    expect(world.logged()).toEqual(['dispose a1', 'run a3', 1, 'accepted a3']);
  });

  test('importers are disposed before what they import', async () => {
    const part = (name: string, imports: string): string =>
      `${imports} import.meta.hot!.dispose(() => log('${name}'));`;
    const world = new World({
      'main.ts': `import './a.ts'; import.meta.hot!.accept('./a.ts', () => undefined);`,
      'a.ts': part('a', `import './b.ts'; import './c.ts';`),
      'b.ts': part('b', `import './d.ts';`),
      'c.ts': part('c', `import './d.ts';`),
      'd.ts': part('d', ''),
    });
    await world.start();
    await world.push({ 'd.ts': `` });
    expect(world.logged()).toEqual(['a', 'c', 'b', 'd']);
  });

  test('an asynchronous dispose is waited for', async () => {
    const world = new World({
      'main.ts': `import './a.ts';`,
      'a.ts': `import.meta.hot!.accept(); import.meta.hot!.dispose(async () => { await null; await null; log('saved'); });`,
    });
    await world.start();
    await world.push({ 'a.ts': `log('run');` });
    expect(world.logged()).toEqual(['saved', 'run']);
  });

  test('an error of an old dispose handler is a warning, or no repair could ever come in', async () => {
    const world = new World({
      'main.ts': `import './a.ts';`,
      'a.ts': `import.meta.hot!.accept(); import.meta.hot!.dispose(() => { throw new Error('bad dispose'); });`,
    });
    await world.start();
    const result = await world.push({ 'a.ts': `log('run');` });
    expect(result).toMatchObject({ ...applied, warnings: [{ message: 'bad dispose' }] });
    expect(world.logged()).toEqual(['run']);
  });

  test('a module that is imported again on demand still finds its data', async () => {
    const world = new World({
      'main.ts': `import './a.ts';`,
      'a.ts': `export const load = () => import('./lazy.ts'); log(load); import.meta.hot!.accept();`,
      'lazy.ts': `export const n = ((import.meta.hot!.data.n as number) ?? 0) + 1; import.meta.hot!.dispose((d) => { d.n = n; });`,
    });
    await world.start();
    const load = async (): Promise<unknown> =>
      (world.logged() as (() => Promise<{ n: number }>)[]).at(-1)!().then((m) => m.n);
    expect(await load()).toBe(1);
    await world.push({ 'lazy.ts': `export const n = (import.meta.hot!.data.n as number) * 10;` });
    expect(await load()).toBe(10);
  });
});
