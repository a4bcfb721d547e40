import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { launchChromium } from '../chromium.ts';
import { Signer } from '../signer.ts';
import { PageWorld } from './page-world.ts';

let browser: Browser;
let signer: Signer;
let context: BrowserContext;
let world: PageWorld;

beforeAll(async () => {
  [browser, signer] = await Promise.all([launchChromium(), Signer.create()]);
}, 60_000);
afterAll(() => browser.close());

beforeEach(async () => {
  context = await browser.newContext();
  world = await PageWorld.create(signer, context);
});
afterEach(async () => {
  expect(await world.violations()).toEqual([]);
  await context.close();
  await world.close();
});

const stages = (outcome: { reports: readonly { stage: string }[] }): string[] => outcome.reports.map(({ stage }) => stage);

const main = `import './counter.controller.ts';`;
const counter = (label: string): string => `
  let count: number = (import.meta.hot!.data.count as number) ?? 0;
  const show = () => { document.title = '${label} ' + count; };
  globalThis.up = () => { count += 1; show(); };
  show();
  import.meta.hot!.accept(); import.meta.hot!.dispose((data) => { data.count = count; });`;

describe('a push that is applied', () => {
  test('style: takes the place of its link in the page at once, and order and media stay', async () => {
    world.html = `<!doctype html><head>
      <link rel="stylesheet" href="/first.css" media="screen"><link rel="stylesheet" href="/second.css"></head><body></body>`;
    world.deploy({
      'main.ts': '',
      'first.css': 'body { color: rgb(1, 1, 1); --first: 1; }',
      'second.css': 'body { color: rgb(2, 2, 2); }',
    });
    await world.open();
    const color = (): Promise<string> => world.page.evaluate(() => getComputedStyle(document.body).color);
    const variable = (): Promise<string> =>
      world.page.evaluate(() => getComputedStyle(document.body).getPropertyValue('--first').trim());
    expect(await color()).toBe('rgb(2, 2, 2)');

    expect(stages(await world.push({ 'first.css': 'body { color: rgb(9, 9, 9); --first: 2; }' }))).toEqual(['delivered', 'completed']);
    expect(await variable()).toBe('2');
    // The sheet after it still has the last word.
    expect(await color()).toBe('rgb(2, 2, 2)');
    expect(await world.page.evaluate(() => document.querySelector<HTMLStyleElement>('style[data-cd-style="/app/first.css"]')?.media)).toBe('screen');
    expect(stages(await world.push({ 'second.css': 'body { color: rgb(3, 3, 3); }' }))).toEqual(['delivered', 'completed']);
    expect(await color()).toBe('rgb(3, 3, 3)');
  });

  test('controller: keeps what the old version handed over in hot.data', async () => {
    world.deploy({ 'main.ts': main, 'counter.controller.ts': counter('first') });
    await world.open();
    await world.page.evaluate(() => (globalThis as unknown as { up: () => void }).up());
    expect(await world.page.title()).toBe('first 1');
    const outcome = await world.push({ 'counter.controller.ts': counter('second') });
    expect(outcome.reports).toMatchObject([{ stage: 'delivered' }, { stage: 'completed' }]);
    expect(await world.page.title()).toBe('second 1');
  });
});
