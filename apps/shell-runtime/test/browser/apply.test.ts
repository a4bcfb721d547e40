import { describe, expect, test } from 'vitest';

import { pageSuite, stages } from './suite.ts';

const suite = pageSuite();

const main = `import './counter.controller.ts';`;
const counter = (label: string): string => `
  let count: number = (import.meta.hot!.data.count as number) ?? 0;
  const show = () => { document.title = '${label} ' + count; };
  globalThis.up = () => { count += 1; show(); };
  show();
  import.meta.hot!.accept(); import.meta.hot!.dispose((data) => { data.count = count; });`;

describe('a push that is applied', () => {
  test('style: takes the place of its link in the page at once, and order and media stay', async () => {
    suite.world.html = `<!doctype html><head>
      <link rel="stylesheet" href="/first.css" media="screen"><link rel="stylesheet" href="/second.css"></head><body></body>`;
    suite.world.deploy({
      'main.ts': '',
      'first.css': 'body { color: rgb(1, 1, 1); --first: 1; }',
      'second.css': 'body { color: rgb(2, 2, 2); }',
    });
    await suite.world.open();
    const color = (): Promise<string> =>
      suite.world.page.evaluate(() => getComputedStyle(document.body).color);
    const variable = (): Promise<string> =>
      suite.world.page.evaluate(() => getComputedStyle(document.body).getPropertyValue('--first').trim());
    expect(await color()).toBe('rgb(2, 2, 2)');

    expect(
      stages(await suite.world.push({ 'first.css': 'body { color: rgb(9, 9, 9); --first: 2; }' })),
    ).toEqual(['completed']);
    expect(await variable()).toBe('2');
    // The sheet after it still has the last word.
    expect(await color()).toBe('rgb(2, 2, 2)');
    expect(
      await suite.world.page.evaluate(
        () => document.querySelector<HTMLStyleElement>('style[data-cd-style="/app/first.css"]')?.media,
      ),
    ).toBe('screen');
    expect(stages(await suite.world.push({ 'second.css': 'body { color: rgb(3, 3, 3); }' }))).toEqual([
      'completed',
    ]);
    expect(await color()).toBe('rgb(3, 3, 3)');
  });

  test('controller: keeps what the old version handed over in hot.data', async () => {
    suite.world.deploy({ 'main.ts': main, 'counter.controller.ts': counter('first') });
    await suite.world.open();
    await suite.world.page.evaluate(() => (globalThis as unknown as { up: () => void }).up());
    expect(await suite.world.page.title()).toBe('first 1');
    const outcome = await suite.world.push({ 'counter.controller.ts': counter('second') });
    expect(outcome.reports).toMatchObject([{ stage: 'delivered' }, { stage: 'completed' }]);
    expect(await suite.world.page.title()).toBe('second 1');
  });

  test('module: stays one instance for everyone who imports it, and a change of two files is one change', async () => {
    suite.world.deploy({
      'main.ts': `import './a.ts'; import './b.ts'; import.meta.hot!.accept();`,
      'state.ts': `export const state = { n: 0 };`,
      'a.ts': `import { state } from './state.ts'; state.n += 1; document.title = 'n=' + state.n; import.meta.hot!.accept();`,
      'b.ts': `import { state } from './state.ts'; state.n += 1; document.title = 'n=' + state.n; import.meta.hot!.accept();`,
    });
    await suite.world.open();
    expect(await suite.world.page.title()).toBe('n=2');
    await suite.world.push({
      'a.ts': `import { state } from './state.ts'; import { step } from './new.ts'; state.n += step; document.title = 'n=' + state.n; import.meta.hot!.accept();`,
      'new.ts': `export const step = 10;`,
    });
    expect(await suite.world.page.title()).toBe('n=12');
  });

  test('config: subscribers hear the new value, and get() gives it', async () => {
    suite.world.deploy({
      'config.json': '{"greeting":"hello"}',
      'main.ts': `import { runtime } from 'cd-push:runtime';
        const config = runtime.config('/app/config.json');
        const seen: string[] = [config.get().greeting];
        config.subscribe((now, before) => { seen.push(before.greeting + '→' + now.greeting); document.title = seen.join(' '); });
        document.title = seen.join(' ');`,
    });
    await suite.world.open();
    expect(await suite.world.page.title()).toBe('hello');
    expect(stages(await suite.world.push({ 'config.json': '{"greeting":"moin"}' }))).toEqual([
      'delivered',
      'completed',
    ]);
    expect(await suite.world.page.title()).toBe('hello hello→moin');
  });

  test('config: a subscriber that throws refuses the push, and everyone is told the old value again', async () => {
    suite.world.deploy({
      'config.json': '{"n":1}',
      'main.ts': `import { runtime } from 'cd-push:runtime';
        const config = runtime.config('/app/config.json');
        globalThis.seen = [];
        config.subscribe((now) => { globalThis.seen.push(now.n); });
        config.subscribe((now) => { if (now.n === 2) throw new Error('two is too many'); });`,
    });
    await suite.world.open();
    const { reports } = await suite.world.push({ 'config.json': '{"n":2}' });
    expect(reports).toMatchObject([
      { stage: 'delivered' },
      {
        stage: 'failed',
        problem: { kind: 'apply-failed', resource: '/app/config.json', detail: 'two is too many' },
      },
    ]);
    expect(await suite.world.page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen)).toEqual(
      [2, 1],
    );
    expect(
      await suite.world.page.evaluate(() => globalThis.cd.runtime?.config('/app/config.json').get()),
    ).toEqual({ n: 1 });
  });

  test('asset: every reference to it is renewed, in markup, srcset, sheets and inline styles', async () => {
    suite.world.html = `<!doctype html><head><link rel="icon" href="/logo.svg"><link rel="stylesheet" href="/page.css"></head>
      <body><img id="a" src="logo.svg"><img id="b" srcset="/logo.svg 1x, /other.svg 2x"><p style="background-image: url(&quot;/logo.svg&quot;)">x</p></body>`;
    suite.world.deploy({
      'main.ts': '',
      'page.css': 'body { background-image: url("/logo.svg"); }',
      'logo.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>',
      'other.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>',
    });
    await suite.world.open();
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="33" height="33"/>');
    const seen = () =>
      suite.world.page.evaluate(async () => {
        const image = document.querySelector<HTMLImageElement>('#a')!;
        await image.decode();
        const blob = /^(?:url\(")?blob:/u;
        return {
          width: image.naturalWidth,
          icon: blob.test(document.querySelector<HTMLLinkElement>('link[rel=icon]')!.href),
          set: document
            .querySelector('#b')!
            .getAttribute('srcset')!
            .replaceAll(/blob:\S+/gu, 'blob'),
          sheet: blob.test(getComputedStyle(document.body).backgroundImage),
          inline: blob.test(getComputedStyle(document.querySelector('p')!).backgroundImage),
          src: image.src,
        };
      });
    await suite.world.push({ 'logo.svg': svg });
    const first = await seen();
    expect(first).toMatchObject({
      width: 33,
      icon: true,
      set: 'blob 1x, /other.svg 2x',
      sheet: true,
      inline: true,
    });
    await suite.world.push({
      'logo.svg': new TextEncoder().encode(
        '<svg xmlns="http://www.w3.org/2000/svg" width="44" height="44"/>',
      ),
    });
    expect(await seen()).toMatchObject({ width: 44, sheet: true, inline: true });
    // The address before is given back to the browser.
    expect(
      await suite.world.page.evaluate(
        (url) =>
          fetch(url).then(
            () => 'there',
            () => 'gone',
          ),
        first.src,
      ),
    ).toBe('gone');
    // A style sheet that is pushed later refers to the asset in place.
    await suite.world.push({ 'page.css': 'body { background-image: url("/logo.svg"); color: red; }' });
    expect(await seen()).toMatchObject({ sheet: true });
    // Deleted: back to the served address.
    await suite.world.push({ 'logo.svg': null });
    expect(await seen()).toMatchObject({ width: 10, icon: false, sheet: false, inline: false });
  });

  test('several types in one push are applied all or nothing', async () => {
    suite.world.html = `<!doctype html><head><link rel="stylesheet" href="/a.css"></head>
      <body><main data-cd-template="/app/view.html"><h1>served</h1></main><img src="/logo.svg"></body>`;
    suite.world.deploy({
      'main.ts': `import './view.controller.ts';`,
      'view.controller.ts': `document.title = 'old'; import.meta.hot!.accept();`,
      'a.css': 'h1 { color: rgb(1, 1, 1); }',
      'view.html': '<h1>served</h1>',
      'config.json': '{"n":1}',
      'logo.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>',
    });
    await suite.world.open();
    const seen = () =>
      suite.world.page.evaluate(() => ({
        title: document.title,
        text: document.querySelector('h1')?.textContent,
        color: getComputedStyle(document.querySelector('h1')!).color,
        n: (globalThis.cd.runtime!.config('/app/config.json').get() as { n: number }).n,
        src: document.querySelector('img')?.getAttribute('src'),
      }));
    const before = await seen();
    const { reports } = await suite.world.push({
      'a.css': 'h1 { color: rgb(2, 2, 2); }',
      'view.html': '<h1>pushed</h1>',
      'config.json': '{"n":2}',
      'logo.svg': new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="20"/>'),
      'view.controller.ts': `document.title = document.querySelector('h1')!.textContent + ' thrown'; throw new Error('no');`,
    });
    expect(reports).toMatchObject([
      { stage: 'delivered' },
      { stage: 'failed', problem: { kind: 'apply-failed' } },
    ]);
    expect(await seen()).toEqual(before);

    await suite.world.push({
      'a.css': 'h1 { color: rgb(3, 3, 3); }',
      'view.html': '<h1>pushed</h1>',
      'config.json': '{"n":3}',
      'view.controller.ts': `document.title = document.querySelector('h1')!.textContent + ' well'; import.meta.hot!.accept();`,
    });
    expect(await seen()).toMatchObject({ title: 'pushed well', text: 'pushed', color: 'rgb(3, 3, 3)', n: 3 });
  });

  test('a controller that throws leaves the old one serving, and the report leads to its file and line', async () => {
    suite.world.deploy({ 'main.ts': main, 'counter.controller.ts': counter('first') });
    await suite.world.open();
    await suite.world.page.evaluate(() => (globalThis as unknown as { up: () => void }).up());
    const throwing = `document.title = 'half';\nconst load = () => {\n  throw new TypeError('broken');\n};\nload();\nimport.meta.hot!.accept();`;
    const { reports } = await suite.world.push({ 'counter.controller.ts': throwing });
    const [, failed] = reports;
    expect(failed).toMatchObject({
      stage: 'failed',
      problem: { kind: 'apply-failed', retryable: true, resource: '/app/counter.controller.ts' },
    });
    expect(failed?.problem?.detail).toContain('broken');
    expect(failed?.problem?.stack).toMatch(/counter\.controller\.ts:3:\d+/u);
    expect(await suite.world.page.title()).toBe('first 1');
    await suite.world.page.evaluate(() => (globalThis as unknown as { up: () => void }).up());
    expect(await suite.world.page.title()).toBe('first 2');
    // What failed is no obstacle to what follows it.
    const repaired = await suite.world.push({ 'counter.controller.ts': counter('repaired') });
    expect(stages(repaired)).toEqual(['delivered', 'completed']);
    expect(await suite.world.page.title()).toBe('repaired 2');
  });

  test('deleting and renaming are changes like any other', async () => {
    suite.world.html = `<!doctype html><head><link rel="stylesheet" href="/a.css"></head><body><main data-cd-template="/app/old.html"><b>one</b></main></body>`;
    suite.world.deploy({
      'main.ts': '',
      'a.css': 'body { color: rgb(1, 1, 1); }',
      'old.html': '<b>one</b>',
      'config.json': '{"n":1}',
    });
    await suite.world.open();
    expect(stages(await suite.world.push({ 'a.css': null, 'config.json': null }))).toEqual([
      'delivered',
      'completed',
    ]);
    expect(await suite.world.page.evaluate(() => getComputedStyle(document.body).color)).toBe('rgb(0, 0, 0)');
    expect(
      await suite.world.page.evaluate(() => globalThis.cd.runtime?.config('/app/config.json').get()),
    ).toBeUndefined();
    // A sheet that comes back finds its place.
    await suite.world.push({ 'a.css': 'body { color: rgb(5, 5, 5); }' });
    expect(await suite.world.page.evaluate(() => getComputedStyle(document.body).color)).toBe('rgb(5, 5, 5)');

    const [renamed] = suite.world.changes({ 'new.html': '<b>two</b>' });
    const moved = await suite.signer.patch([
      { ...renamed!, from: '/app/old.html', predecessor: suite.world.head('old.html') },
    ]);
    expect(stages(await suite.world.send(moved))).toEqual(['delivered', 'completed']);
    expect(await suite.world.page.textContent('main')).toBe('two');
    await suite.world.push({ 'new.html': '<b>three</b>' });
    expect(await suite.world.page.textContent('main')).toBe('three');
  });

  test('a change that nobody accepts asks for a restart, and takes effect at the next start', async () => {
    suite.world.deploy({ 'main.ts': `document.title = 'served';` });
    await suite.world.open();
    const { reports } = await suite.world.push({ 'main.ts': `document.title = 'pushed';` });
    expect(reports).toMatchObject([
      { stage: 'delivered' },
      { stage: 'failed', problem: { kind: 'restart-required' } },
    ]);
    expect(await suite.world.page.title()).toBe('served');
    expect(await suite.world.page.evaluate(() => globalThis.cd.runtime?.state().pending)).toEqual([
      '/app/main.ts',
    ]);
    await suite.world.reload();
    expect(await suite.world.page.title()).toBe('pushed');
    expect(await suite.world.page.evaluate(() => globalThis.cd.runtime?.state().pending)).toEqual([]);
  });
});

describe('a message', () => {
  test('notice: is told to the app once, however often it arrives', async () => {
    suite.world.deploy({
      'main.ts': `import { runtime } from 'cd-push:runtime'; let n = 0;
        runtime.on('notice', ({ text, from }) => { n += 1; document.title = from + ': ' + text + ' ' + n; });`,
    });
    await suite.world.open();
    const envelope = await suite.signer.notice('deploy at noon <b>');
    expect(stages(await suite.world.send(envelope))).toEqual(['delivered', 'completed']);
    expect(stages(await suite.world.send(envelope))).toEqual(['completed']);
    expect(await suite.world.page.title()).toBe('user-1: deploy at noon <b> 1');
  });

  const greeter = `import { runtime } from 'cd-push:runtime';
    runtime.command('greet', { type: 'object', properties: { name: { type: 'string', maxLength: 10 } }, required: ['name'] }, async ({ name }) => {
      if (name === 'nobody') throw new Error('nobody is there');
      document.title += 'hello ' + name + '. ';
    });`;

  test('operation: runs once with arguments that fit its schema', async () => {
    suite.world.deploy({ 'main.ts': greeter });
    await suite.world.open();
    const envelope = await suite.signer.operation('greet', { name: 'Ada' });
    expect(stages(await suite.world.send(envelope))).toEqual(['delivered', 'completed']);
    expect(stages(await suite.world.send(envelope))).toEqual(['completed']);
    await suite.world.reload();
    // A replay after the page was loaded anew has no second effect either.
    expect(stages(await suite.world.send(envelope))).toEqual(['delivered', 'completed']);
    expect(await suite.world.page.title()).toBe('app');
  });

  test.each([
    ['greet', { name: 7 }, 'invalid-request', '/name'],
    ['greet', { name: 'Ada', more: 1 }, 'invalid-request', '/more'],
    ['greet', {}, 'invalid-request', '/name'],
    ['greet', { name: 'a name that is too long' }, 'invalid-request', '/name'],
    ['greet', { name: 'nobody' }, 'apply-failed', undefined],
    ['unheard-of', {}, 'not-found', undefined],
  ])('operation: %s with %j fails as %s', async (name, args, kind, path) => {
    suite.world.deploy({ 'main.ts': greeter });
    await suite.world.open();
    const { reports } = await suite.world.send(await suite.signer.operation(name, args));
    expect(reports[1]).toMatchObject({
      stage: 'failed',
      problem: { kind, ...(path === undefined ? {} : { path }) },
    });
    expect(await suite.world.page.title()).toBe('app');
  });

  test('operation: one that takes its time does not keep pushes waiting', async () => {
    suite.world.html = `<!doctype html><title>app</title><head><link rel="stylesheet" href="/a.css"></head><body></body>`;
    suite.world.deploy({
      'a.css': '',
      'main.ts': `import { runtime } from 'cd-push:runtime';
        runtime.command('wait', { type: 'object', properties: {} }, () => new Promise((resolve) => { globalThis.release = resolve; }));`,
    });
    await suite.world.open();
    await suite.world.page.evaluate(
      (given) => globalThis.cd.pushAndForget(given),
      await suite.signer.operation('wait', {}),
    );
    expect(stages(await suite.world.push({ 'a.css': 'body { color: red; }' }))).toEqual(['completed']);
    expect((await suite.world.reports()).map(({ stage }) => stage)).toEqual(['delivered', 'completed']);
    await suite.world.page.evaluate(() => (globalThis as unknown as { release: () => void }).release());
    await expect.poll(async () => (await suite.world.reports()).length).toBe(3);
  });
});
