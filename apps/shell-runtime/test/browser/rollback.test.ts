import { expect, test } from 'vitest';

import { pageSuite, stages } from './suite.ts';

const suite = pageSuite();

const counter = (label: string): string => `
  let count: number = (import.meta.hot!.data.count as number) ?? 0;
  const show = () => { document.title = '${label} ' + count; };
  globalThis.up = () => { count += 1; show(); };
  show();
  import.meta.hot!.accept(); import.meta.hot!.dispose((data) => { data.count = count; });`;

test('a push that goes back to before the first version puts in place what was served, with the state', async () => {
  const { world } = suite;
  world.html = `<!doctype html><head><link rel="stylesheet" href="/page.css"></head><body></body>`;
  world.deploy({
    'main.ts': `import './counter.controller.ts'; import { runtime } from 'cd-push:runtime';
      const config = runtime.config('/app/config.json');
      globalThis.greeting = () => config.get().greeting;`,
    'counter.controller.ts': counter('served'),
    'page.css': 'body { color: rgb(1, 1, 1); }',
    'config.json': '{"greeting":"hello"}',
  });
  await world.open();
  const seen = (): Promise<unknown> =>
    world.page.evaluate(() => [
      document.title,
      getComputedStyle(document.body).color,
      (globalThis as unknown as { greeting: () => string }).greeting(),
    ]);
  await world.push({
    'counter.controller.ts': counter('bad'),
    'page.css': 'body { color: rgb(9, 9, 9); }',
    'config.json': '{"greeting":"go away"}',
    'new.ts': 'export {};',
  });
  await world.page.evaluate(() => (globalThis as unknown as { up: () => void }).up());
  expect(await seen()).toEqual(['bad 1', 'rgb(9, 9, 9)', 'go away']);

  const gone = { 'counter.controller.ts': null, 'page.css': null, 'config.json': null, 'new.ts': null };
  const back = world.changes(gone).map((change) => ({ ...change, restores: 0 }));
  const outcome = await world.send(await suite.signer.patch(back));
  expect(stages(outcome)).toEqual(['delivered', 'completed']);
  expect(await seen()).toEqual(['served 1', 'rgb(1, 1, 1)', 'hello']);

  await world.reload();
  expect(await seen()).toEqual(['served 0', 'rgb(1, 1, 1)', 'hello']);
  await world.push({ 'counter.controller.ts': counter('better') });
  expect(await seen()).toEqual(['better 0', 'rgb(1, 1, 1)', 'hello']);
});

test('what this page was served is in place again where the host serves what is on the disk by now', async () => {
  const { world } = suite;
  world.cacheControl = 'no-cache';
  world.deploy({
    'main.ts': `import { runtime } from 'cd-push:runtime';
      const show = (value: { greeting: string }) => { document.title = value.greeting; };
      show(runtime.config('/app/config.json').get());
      runtime.config('/app/config.json').subscribe(show);`,
    'config.json': '{"greeting":"served"}',
  });
  await world.open();
  const bad = { 'config.json': '{"greeting":"bad"}' };
  await world.push(bad);
  world.deploy(bad);
  expect(await world.page.title()).toBe('bad');
  const back = world.changes({ 'config.json': null }).map((change) => ({ ...change, restores: 0 }));
  expect(stages(await world.send(await suite.signer.patch(back)))).toEqual(['delivered', 'completed']);
  expect(await world.page.title()).toBe('served');
});
