import { describe, expect, test } from 'vitest';

import { World } from './world.ts';

const applied = { status: 'applied' };
const failed = { status: 'failed', kind: 'apply-failed', restored: true };
const self = `import.meta.hot!.accept();`;

/** Lets everything run that waits for nothing but promises. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const started = async (a: string, rest: Record<string, string> = {}): Promise<World> => {
  const world = new World({ 'main.ts': `export * as a from './a.ts';`, 'a.ts': a, ...rest });
  await world.start();
  world.logged();
  return world;
};

describe('health', () => {
  test('an error that nobody caught before the frame after the swap is over restores the old version', async () => {
    const world = await started(`${self} log('run a1');`);
    world.health.onFrame = () => world.health.uncaught(new Error('in a timer'));
    expect(await world.push({ 'a.ts': `log('run a2');` })).toMatchObject({
      ...failed,
      at: 'health',
      error: { message: 'in a timer' },
    });
    expect(world.logged()).toEqual(['run a2', 'run a1']);
  });

  test('an error that had been thrown before the swap is not held against it', async () => {
    const world = await started(self);
    world.health.uncaught(new Error('old trouble'));
    world.health.onFrame = () => world.health.uncaught(new Error('old trouble'));
    expect(await world.push({ 'a.ts': self + '1;' })).toMatchObject(applied);
  });

  test('what the replaced version still throws is not held against the new one', async () => {
    const world = await started(self);
    const leftover = new Error('timer of the old version');
    leftover.stack = `Error: x\n    at tick (https://example.test/_cd/${world.modules.digestOf('/m/a.ts')}.js:3:1)`;
    world.health.onFrame = () => world.health.uncaught(leftover);
    expect(await world.push({ 'a.ts': self + '1;' })).toMatchObject(applied);
  });

  test('an app’s own check that says no, throws or rejects restores the old version', async () => {
    for (const verdict of [
      'false',
      '(() => { throw new Error("ill"); })()',
      'Promise.reject(new Error("ill"))',
      'Promise.resolve(false)',
    ]) {
      const world = await started(`${self} log('run a1');`);
      const result = await world.push({ 'a.ts': `${self} import.meta.hot!.health(() => ${verdict});` });
      expect(result).toMatchObject({ ...failed, at: 'health' });
      expect(world.logged()).toEqual(['run a1']);
    }
  });

  test('checks of modules that a swap does not concern are asked too', async () => {
    const world = await started(self, {
      'main.ts': `import './a.ts'; import.meta.hot!.health(() => { log('asked'); return true; });`,
    });
    expect(await world.push({ 'a.ts': `${self} 1;` })).toMatchObject(applied);
    expect(world.logged()).toEqual(['asked']);
  });

  test('an accept callback that throws or rejects restores, and is called again with the old version', async () => {
    for (const fail of ['throw new Error("no")', 'return Promise.reject(new Error("no"))']) {
      const world = await started(`export const v = 1;`, {
        'main.ts': `import './a.ts'; import.meta.hot!.accept('./a.ts', (m) => { log(m!.v); if (m!.v === 2) ${fail}; });`,
      });
      expect(await world.push({ 'a.ts': `export const v = 2;` })).toMatchObject({ ...failed, at: 'accept' });
      expect(world.logged()).toEqual([2, 1]);
    }
  });

  test('what cannot be restored is said', async () => {
    const world = await started(`if (import.meta.hot!.data.again) throw new Error('only once'); ${self}
      import.meta.hot!.dispose((d) => { d.again = true; });`);
    expect(await world.push({ 'a.ts': `throw new Error('new');` })).toMatchObject({
      ...failed,
      restored: false,
      error: { message: 'new' },
      restoreError: { message: 'only once' },
    });
  });
});

describe('time', () => {
  test('evaluation that does not settle in time restores the old version, and what it does later changes nothing', async () => {
    const world = await started(
      `import.meta.hot!.accept((m) => log(m!.v)); log('run a1'); export const v = 'a1';`,
      {
        'gate.ts': `export let open!: () => void; export const gate = new Promise<void>((resolve) => { open = resolve; }); log(() => open());`,
      },
    );
    const push = world.push({
      'a.ts': `import { gate } from './gate.ts'; await gate; log('late'); export const v = 'never'; import.meta.hot!.accept((m) => log('never')); import.meta.hot!.on('tick', () => log('never'));`,
    });
    await settled();
    const [open] = world.logged() as (() => void)[];
    world.health.timeOut();
    expect(await push).toMatchObject({ ...failed, at: 'timeout' });
    expect(world.logged()).toEqual(['run a1', 'a1']);
    open!();
    await settled();
    expect(world.logged()).toEqual(['late']);
    world.modules.emit('tick', null);
    expect(await world.push({ 'a.ts': `${self} log('run a3'); export const v = 'a3';` })).toMatchObject(
      applied,
    );
    expect(world.logged()).toEqual(['run a3', 'a3']);
  });

  test('an accept callback and a health check that do not settle in time restore too', async () => {
    const never = 'new Promise(() => undefined)';
    const accepts = await started(`import.meta.hot!.accept(() => ${never});`);
    const first = accepts.push({ 'a.ts': `1;` });
    await settled();
    accepts.health.timeOut();
    await settled();
    // The old callback is called again with the old module, and does not settle then either.
    accepts.health.timeOut();
    expect(await first).toMatchObject({ status: 'failed', at: 'timeout', restored: false });

    const checks = await started(self);
    const second = checks.push({ 'a.ts': `${self} import.meta.hot!.health(() => ${never});` });
    await settled();
    checks.health.timeOut();
    expect(await second).toMatchObject({ ...failed, at: 'timeout' });
  });

  test('a swap leaves no timer and no observer behind', async () => {
    const world = await started(self);
    await world.push({ 'a.ts': `${self} 1;` });
    await world.push({ 'a.ts': `throw 1;` });
    expect(world.health.timers.size).toBe(0);
    expect(world.health.observers.size).toBe(0);
  });

  test('swaps run one after the other, in the order of the calls', async () => {
    const world = await started(`${self} log('run a1');`);
    const results = await Promise.all([
      world.push({ 'a.ts': `await null; await null; log('run a2'); ${self}` }),
      world.push({ 'a.ts': `throw new Error('a3');` }),
      world.push({ 'a.ts': `log('run a4'); ${self}` }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['applied', 'failed', 'applied']);
    expect(world.logged()).toEqual(['run a2', 'run a2', 'run a4']);
  });
});

describe('invalidate', () => {
  const parent = `import { a } from './a.ts'; log('parent ' + a); ${self}`;

  test('a module that gives up its change within a swap hands it on to its importers', async () => {
    const world = await started(
      `export const a = 1; import.meta.hot!.accept((m) => { if (m!.a === 2) import.meta.hot!.invalidate(); });`,
      {
        'main.ts': `import './parent.ts';`,
        'parent.ts': parent,
      },
    );
    expect(await world.push({ 'a.ts': `export const a = 2; ${self}` })).toMatchObject({
      ...applied,
      updated: ['/m/a.ts', '/m/parent.ts'],
    });
    expect(world.logged()).toEqual(['parent 2']);
  });

  test('where no importer takes it in, everything is restored', async () => {
    const world = await started(
      `log('run a1'); import.meta.hot!.accept(() => import.meta.hot!.invalidate());`,
    );
    expect(await world.push({ 'a.ts': `log('run a2'); ${self}` })).toMatchObject({
      ...failed,
      at: 'unaccepted',
    });
    expect(world.logged()).toEqual(['run a2', 'run a1']);
  });

  test('an entry has nobody to hand its change on to', async () => {
    const world = new World({ 'main.ts': `log('run'); ${self}` });
    await world.start();
    expect(await world.push({ 'main.ts': `${self} import.meta.hot!.invalidate();` })).toMatchObject({
      ...failed,
      at: 'unaccepted',
      chain: ['/m/main.ts'],
    });
    expect(world.logged()).toEqual(['run', 'run']);
  });

  test('when a change that was handed on fails, only versions from before the swap are called', async () => {
    const parentOf = (name: string): string =>
      `import { a } from './a.ts'; log('${name} ' + a); import.meta.hot!.accept(() => log('${name} accepts'));`;
    const world = await started(`export const a = 1; ${self}`, {
      'main.ts': `import './parent.ts';`,
      'parent.ts': parentOf('old'),
    });
    const result = await world.push({
      'parent.ts': parentOf('new'),
      'a.ts': `export const a = 2; ${self} import.meta.hot!.invalidate(); import.meta.hot!.health(() => false);`,
    });
    expect(result).toMatchObject({ ...failed, at: 'health' });
    const restoring = world.logged().slice(-2);
    expect(restoring).toEqual(['old 1', 'old accepts']);
  });

  test('two modules that hand on to each other end within one swap', async () => {
    const giveUp = `import.meta.hot!.accept(); import.meta.hot!.invalidate();`;
    const world = await started(`export const a = 1; import './b.ts'; ${self}`, {
      'main.ts': `import './a.ts'; import.meta.hot!.accept('./a.ts', () => log('main'));`,
      'b.ts': `import './a.ts'; ${self}`,
    });
    expect(
      await world.push({ 'a.ts': `import './b.ts'; ${giveUp}`, 'b.ts': `import './a.ts'; ${giveUp}` }),
    ).toMatchObject(applied);
    expect(world.logged()).toEqual(['main']);
  });

  test('outside of a swap it begins one, whose end is told', async () => {
    const giveUp = `export const a = 1; log(() => import.meta.hot!.invalidate());`;
    const accepted = new World({ 'main.ts': `import './parent.ts';`, 'parent.ts': parent, 'a.ts': giveUp });
    const alone = new World({ 'main.ts': `import './a.ts'; log('main');`, 'a.ts': giveUp });
    for (const world of [accepted, alone]) {
      await world.start();
      const [invalidate] = world.logged() as (() => void)[];
      invalidate!();
      await settled();
    }
    expect(accepted.invalidations).toMatchObject([{ ...applied, updated: ['/m/parent.ts'] }]);
    expect(accepted.logged()).toEqual(['parent 1']);
    expect(alone.invalidations).toMatchObject([
      { ...failed, at: 'unaccepted', chain: ['/m/a.ts', '/m/main.ts'] },
    ]);
    expect(alone.logged()).toEqual([]);
  });
});

describe('events and memory', () => {
  test('hot.on hears events until its version is replaced, and hot.off ends it before', async () => {
    const listen = (
      name: string,
    ): string => `const hear = (x: unknown) => log('${name} ' + x); import.meta.hot!.on('tick', hear);
      import.meta.hot!.on('stop', () => import.meta.hot!.off('tick', hear)); ${self}`;
    const world = await started(listen('a1'));
    world.modules.emit('tick', 1);
    await world.push({ 'a.ts': listen('a2') });
    world.modules.emit('tick', 2);
    world.modules.emit('stop', null);
    world.modules.emit('tick', 3);
    expect(world.logged()).toEqual(['a1 1', 'a2 2']);
  });

  test('hot.send goes to the port', async () => {
    const world = await started(`import.meta.hot!.send('hello', { n: 1 });`);
    expect(world.sent).toEqual([['hello', { n: 1 }]]);
  });

  test('the events of Vite are told around a swap', async () => {
    const names = ['vite:beforeUpdate', 'vite:afterUpdate', 'vite:error'];
    const world = await started(self, {
      'main.ts': `import './a.ts'; ${names.map((name) => `import.meta.hot!.on('${name}', (e: any) => log('${name} ' + e.type));`).join('')}`,
    });
    await world.push({ 'a.ts': `${self} log('run');` });
    await world.push({ 'a.ts': `throw 1;` });
    expect(world.logged()).toEqual([
      'vite:beforeUpdate update',
      'run',
      'vite:afterUpdate update',
      'vite:beforeUpdate update',
      'run',
      'vite:error error',
    ]);
  });

  test('a version that the runtime still holds is not imported again, and older ones are let go', async () => {
    const world = await started(`${self} 1;`);
    const loads = (): number => world.loads.filter((resource) => resource === '/m/a.ts').length;
    await world.push({ 'a.ts': `${self} 2;` });
    expect(loads()).toBe(2);
    await world.push({ 'a.ts': `${self} 1;` });
    expect(loads()).toBe(2);
    await world.push({ 'a.ts': `${self} 3;` });
    await world.push({ 'a.ts': `${self} 4;` });
    expect(loads()).toBe(4);
    await world.push({ 'a.ts': `${self} 1;` });
    expect(loads()).toBe(5);
  });

  test('source that the platform keeps is counted, and above the bound a restart is asked for', async () => {
    const world = new World({ 'main.ts': `import './a.ts';`, 'a.ts': self }, { retainedBytes: 3_000 });
    await world.start();
    const before = world.modules.retainedBytes;
    const first = await world.push({ 'a.ts': `${self} 1;` });
    expect(first.retainedBytes).toBeGreaterThan(before);
    expect(first.restartAsked).toBe(false);
    expect(await world.push({ 'a.ts': `${self} '${'x'.repeat(2_000)}';` })).toMatchObject({
      ...applied,
      restartAsked: true,
    });
  });
});
