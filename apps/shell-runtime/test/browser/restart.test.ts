import type { ICdPushEnvelop } from '@cd-push/protocol';
import { describe, expect, test } from 'vitest';

import { pageSuite, stages } from './suite.ts';

const suite = pageSuite();
const main = `import './counter.controller.ts';`;
const titled = (title: string, rest = ''): string =>
  `document.title = '${title}'; import.meta.hot!.accept(); ${rest}`;
/** Gives the thread back never. */
const hanging = `navigator.sendBeacon('/hanging'); for (;;) {}`;

const html = `<!doctype html><title>app</title><head><link rel="stylesheet" href="/a.css"></head>
  <body><main data-cd-template="/app/view.html"><b>served</b></main><img src="/logo.svg"></body>`;
const svg = (width: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="10"/>`;

const open = async (): Promise<void> => {
  const { world } = suite;
  world.html = html;
  world.deploy({
    'main.ts': main,
    'counter.controller.ts': titled('served'),
    'a.css': 'b { color: rgb(1, 1, 1); }',
    'view.html': '<b>served</b>',
    'config.json': '{"n":1}',
    'logo.svg': svg(10),
  });
  await world.open();
};

const seen = () =>
  suite.world.page.evaluate(async () => {
    const image = document.querySelector('img')!;
    await image.decode();
    return {
      title: document.title,
      text: document.querySelector('b')?.textContent,
      color: getComputedStyle(document.querySelector('b')!).color,
      n: (globalThis.cd.runtime!.config('/app/config.json').get() as { n: number }).n,
      width: image.naturalWidth,
    };
  });
const served = { title: 'served', text: 'served', color: 'rgb(1, 1, 1)', n: 1, width: 10 };

const pushAll = () =>
  suite.world.push({
    'counter.controller.ts': titled('pushed'),
    'a.css': 'b { color: rgb(2, 2, 2); }',
    'view.html': '<b>pushed</b>',
    'config.json': '{"n":2}',
    'logo.svg': new TextEncoder().encode(svg(20)),
  });
const pushed = { title: 'pushed', text: 'pushed', color: 'rgb(2, 2, 2)', n: 2, width: 20 };

describe('a reload', () => {
  test('[EFFECT-5] goes on from its place in the journal, each tab from its own', async () => {
    await open();
    const { world } = suite;
    const placeOf = () => world.page.evaluate(() => globalThis.cd.hello?.journal?.offset);
    expect(await placeOf()).toBeUndefined();
    const tamper = ({ pushData }: ICdPushEnvelop): void => void (pushData.offset = 41);
    await world.push({ 'a.css': 'b { color: rgb(2, 2, 2); }' }, { tamper });
    await world.reload();
    expect(await placeOf()).toBe(41);
    await world.open();
    expect(await placeOf()).toBeUndefined();
  });

  test('[EFFECT-2] ends an operation in the middle: it is reported as crashed, and a repetition does not run it again', async () => {
    const { world, signer } = suite;
    world.deploy({
      'main.ts': `import { runtime } from 'cd-push:runtime';
runtime.command('wait', { type: 'object' }, () => {
  localStorage.runs = Number(localStorage.runs ?? 0) + 1;
  return new Promise(() => {});
});`,
    });
    await world.open();
    const envelope = await signer.operation('wait', {});
    await world.page.evaluate((given) => globalThis.cd.pushAndForget(given), envelope);
    const runs = () => world.page.evaluate(() => Number(localStorage.runs ?? 0));
    await expect.poll(runs).toBe(1);
    await world.reload();
    const crashed = { stage: 'failed', pushGuid: envelope.pushData.pushGuid, problem: { kind: 'crashed' } };
    await expect.poll(() => world.reports()).toMatchObject([crashed]);
    expect((await world.send(envelope)).reports).toMatchObject([{ stage: 'delivered' }, crashed]);
    expect(await runs()).toBe(1);
  });

  test('[EFFECT-2] shows a notice no second time', async () => {
    const { world, signer } = suite;
    world.overlay = true;
    await open();
    const notice = await signer.notice('Lunch.');
    await world.send(notice);
    await world.reload();
    expect(stages(await world.send(notice))).toEqual(['delivered', 'completed']);
    expect(await world.page.locator('cd-push-overlay li').count()).toBe(0);
  });

  test('keeps what was applied, and says so to the relay', async () => {
    await open();
    expect(await seen()).toEqual(served);
    expect(stages(await pushAll())).toEqual(['delivered', 'completed']);
    await suite.world.reload();
    expect(await seen()).toEqual(pushed);
    const hello = await suite.world.page.evaluate(() => globalThis.cd.hello);
    const heads = Object.fromEntries(hello!.heads.map(({ resource, version }) => [resource, version > 0]));
    expect(heads).toEqual({
      '/app/main.ts': false,
      '/app/counter.controller.ts': true,
      '/app/a.css': true,
      '/app/view.html': true,
      '/app/config.json': true,
      '/app/logo.svg': true,
    });
    // A new tab of the same browser starts with it too, as an instance of its own.
    const first = await suite.world.page.evaluate(() => globalThis.cd.runtime?.state().instance);
    expect(await suite.world.page.evaluate(() => globalThis.cd.hello?.instance)).toBe(first);
    await suite.world.open();
    expect(await seen()).toEqual(pushed);
    expect(await suite.world.page.evaluate(() => globalThis.cd.runtime?.state().instance)).not.toBe(first);
  });

  test('after a deployment of another base starts with that, and forgets what was applied to the old one', async () => {
    await open();
    await pushAll();
    suite.world.deploy({ 'counter.controller.ts': titled('redeployed') });
    await suite.world.reload();
    expect(await seen()).toEqual({ ...served, title: 'redeployed' });
    const hello = await suite.world.page.evaluate(() => globalThis.cd.hello);
    expect(hello?.heads.every(({ version }) => version === 0)).toBe(true);
  });

  test('a duplicated tab, which starts with the same session storage, is an instance of its own', async () => {
    await open();
    const { page } = suite.world;
    const first = await page.evaluate(() => globalThis.cd.runtime?.state().instance);
    const [copy] = await Promise.all([
      suite.context.waitForEvent('page'),
      // What a page opens gets a copy of its session storage, as a duplicated tab does.
      page.evaluate((url) => void globalThis.open(url), suite.world.origin),
    ]);
    await copy.waitForFunction(() => 'cd' in globalThis);
    await copy.evaluate(() => globalThis.cd.started);
    expect(await copy.evaluate(() => globalThis.cd.runtime?.state().instance)).not.toBe(first);
  });
});

/** Pushes what hangs the page, and closes the page once it hangs. */
const hang = async (envelope: ICdPushEnvelop): Promise<void> => {
  const { world } = suite;
  const hangs = world.requested('/hanging');
  await world.page.evaluate((given) => globalThis.cd.pushAndForget(given), envelope);
  await hangs;
  await world.page.close();
};

describe('a patch that the page does not survive', () => {
  test('is skipped at the next start in a new tab, and the last good version is loaded', async () => {
    await open();
    const { world } = suite;
    await world.push({ 'counter.controller.ts': titled('good') });
    const envelope = await world.envelope({ 'counter.controller.ts': titled('bad', hanging) });
    await hang(envelope);
    await world.open();
    expect(await world.page.title()).toBe('good');
    // The relay sends it once more to who comes back; this very attempt stays skipped.
    expect((await world.send(envelope)).reports).toMatchObject([
      { stage: 'delivered' },
      { stage: 'failed', problem: { kind: 'crashed' } },
    ]);
    expect(await world.page.title()).toBe('good');
    expect(stages(await world.push({ 'counter.controller.ts': titled('repaired') }))).toEqual([
      'delivered',
      'completed',
    ]);
  });

  test('is reported as crashed by the same tab when it is loaded again', async () => {
    await open();
    const { world } = suite;
    const instance = await world.page.evaluate(() => globalThis.cd.runtime?.state().instance);
    const envelope = await world.envelope({ 'counter.controller.ts': titled('bad', hanging) });
    await hang(envelope);
    await world.open(instance);
    expect(await world.page.evaluate(() => globalThis.cd.runtime?.state().instance)).toBe(instance);
    expect(await world.page.title()).toBe('served');
    expect(await world.reports()).toMatchObject([
      { stage: 'failed', pushGuid: envelope.pushData.pushGuid, attempt: 1, problem: { kind: 'crashed' } },
    ]);
  });

  test('and that was healthy when it came, but hangs a fresh start, gives way to the version before it', async () => {
    await open();
    const { world } = suite;
    await world.push({ 'counter.controller.ts': titled('good') });
    await world.page.evaluate(() => Reflect.set(globalThis, 'fresh', false));
    const once = titled('only once', `if (globalThis.fresh !== false) { ${hanging} }`);
    expect(stages(await world.push({ 'counter.controller.ts': once }))).toEqual(['delivered', 'completed']);
    const hangs = world.requested('/hanging');
    await world.page.goto(world.origin, { waitUntil: 'commit' });
    await hangs;
    await world.page.close();
    await world.open();
    expect(await world.page.title()).toBe('good');
  });

  test('but is not meant by a page that is left while it applies something', async () => {
    await open();
    const { world } = suite;
    const waiting = `navigator.sendBeacon('/waiting'); await globalThis.gate; ${titled('pushed')}`;
    await world.page.evaluate(() => Reflect.set(globalThis, 'gate', new Promise(() => undefined)));
    const envelope = await world.envelope({ 'counter.controller.ts': waiting });
    const waits = world.requested('/waiting');
    await world.page.evaluate((given) => globalThis.cd.pushAndForget(given), envelope);
    await waits;
    await world.reload();
    expect(await world.page.title()).toBe('served');
    expect(await world.reports()).toEqual([]);
    expect(stages(await world.send(envelope))).toEqual(['delivered', 'completed']);
    expect(await world.page.title()).toBe('pushed');
  });

  test('and that only throws at a fresh start gives way as well', async () => {
    await open();
    const { world } = suite;
    await world.push({ 'counter.controller.ts': titled('good') });
    await world.page.evaluate(() => Reflect.set(globalThis, 'fresh', false));
    const once = titled('only once', `if (globalThis.fresh !== false) throw new Error('not at a start');`);
    expect(stages(await world.push({ 'counter.controller.ts': once }))).toEqual(['delivered', 'completed']);
    await world.page.reload();
    await expect.poll(() => world.page.title()).toBe('good');
  });
});
