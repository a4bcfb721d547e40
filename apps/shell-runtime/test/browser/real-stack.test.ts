import { limits } from '@cd-push/protocol';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { launchChromium } from '../chromium.ts';
import { connected, RealStack } from './real-stack.ts';

let browser: Browser;
let context: BrowserContext;
let stack: RealStack;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  context = await browser.newContext();
  stack = await RealStack.create(
    '<!doctype html><title>app</title><head><link rel="stylesheet" href="/a.css"></head><body></body>',
    new Map([
      ['main.ts', `import './c.controller.ts';`],
      ['c.controller.ts', `document.title = 'served'; import.meta.hot!.accept();`],
      ['a.css', 'body { color: rgb(1, 1, 1); }'],
    ]),
  );
});
afterEach(() => context.close());

const color = (page: Page): Promise<string> => page.evaluate(() => getComputedStyle(document.body).color);
const css = (n: number): string => `body { color: rgb(${n}, ${n}, ${n}); }`;

describe('with the real api and relay', () => {
  test('a page enrols, and what is pushed arrives in it, is applied and reported', async () => {
    const page = await stack.open(context);
    const [track, ...others] = await stack.push({
      'a.css': css(2),
      'c.controller.ts': `document.title = 'pushed'; import.meta.hot!.accept();`,
    });
    expect(others).toEqual([]);
    expect(track?.state.stage).toBe('completed');
    expect(await page.title()).toBe('pushed');
    expect(await color(page)).toBe('rgb(2, 2, 2)');
    expect(await page.evaluate(() => globalThis.violations)).toEqual([]);
  });

  test('[CONTENT-5] what fits no envelope is fetched over HTTP, from where the page may connect to, by each tab', async () => {
    const pages = [await stack.open(context), await stack.open(context)];
    const large = `${css(7)}/* ${'x'.repeat(limits.envelopeBytes)} */`;
    const title = `document.title = 'beside it'; import.meta.hot!.accept();`;
    const tracks = await stack.push({ 'a.css': large, 'c.controller.ts': title });
    expect(tracks.map(({ state }) => state.stage)).toEqual(['completed', 'completed']);
    for (const page of pages) {
      expect([await color(page), await page.title()]).toEqual(['rgb(7, 7, 7)', 'beside it']);
      expect(await page.evaluate(() => globalThis.violations)).toEqual([]);
    }
    // The next load has it from its record.
    await pages[0]?.route('**/contents/**', (route) => route.abort());
    await pages[0]?.reload();
    await expect.poll(() => color(pages[0]!)).toBe('rgb(7, 7, 7)');
  });

  test('what fails reaches its sender with file and line', async () => {
    const page = await stack.open(context);
    const [track] = await stack.push({
      'c.controller.ts': `import.meta.hot!.accept();\nthrow new Error('broken');`,
    });
    expect(track?.state).toMatchObject({
      stage: 'failed',
      problem: { kind: 'apply-failed', stack: expect.stringContaining('/app/c.controller.ts:2:') },
    });
    expect(await page.title()).toBe('served');
  });

  test('a page that cannot reach the api runs, and enrols when it is online again', async () => {
    const page = await context.newPage();
    const refused = page.waitForEvent('requestfailed');
    await page.route(`${stack.apiUrl}/**`, (route) => route.abort());
    await page.goto(stack.origin);
    await refused;
    await page.waitForFunction(() => document.title === 'served');
    expect(await page.evaluate(() => globalThis.runtime?.state().link)).toEqual({ state: 'connecting' });
    await page.unroute(`${stack.apiUrl}/**`);
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await connected(page);
  });

  test('two tabs are two recipients of one credential', async () => {
    const pages = [await stack.open(context), await stack.open(context)];
    const tracks = await stack.push({ 'a.css': css(3) });
    expect(tracks.map(({ state }) => state.stage)).toEqual(['completed', 'completed']);
    expect(new Set(tracks.map(({ recipient }) => recipient.split('#')[0])).size).toBe(1);
    expect(await Promise.all(pages.map(color))).toEqual(['rgb(3, 3, 3)', 'rgb(3, 3, 3)']);
  });

  test('a page that was closed catches up when it comes back, also over a deployment', async () => {
    const first = await stack.open(context);
    await stack.push({ 'a.css': css(2) });
    await first.close();
    await stack.leave({ 'a.css': css(3) });
    await stack.leave({ 'a.css': css(4) });
    const second = await stack.open(context);
    await expect.poll(() => color(second)).toBe('rgb(4, 4, 4)');
    stack.deploy('c.controller.ts', `document.title = 'redeployed'; import.meta.hot!.accept();`);
    await second.reload();
    await connected(second);
    expect(await second.title()).toBe('redeployed');
    await expect.poll(() => color(second)).toBe('rgb(4, 4, 4)');
  });

  test('what a session signed is not loaded any more once the session was withdrawn', async () => {
    const page = await stack.open(context);
    await stack.push({ 'a.css': css(2) });
    await page.reload();
    await connected(page);
    expect(await color(page)).toBe('rgb(2, 2, 2)');
    await stack.withdrawSession();
    const reloaded = async (): Promise<string> => {
      await page.reload();
      await connected(page);
      return color(page);
    };
    // The relay hears of it within 5 s.
    await expect.poll(reloaded, { interval: 300 }).toBe('rgb(1, 1, 1)');
  });
});
