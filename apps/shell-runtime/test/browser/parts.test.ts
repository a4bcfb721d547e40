import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { launchChromium } from '../chromium.ts';
import { connected, RealStack } from './real-stack.ts';

let browser: Browser;
let context: BrowserContext;
let stack: RealStack;
let page: Page;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  stack = await RealStack.create(
    '<!doctype html><title>app</title><body><p data-cd-template="/app/t.html">served</p></body>',
    new Map([
      ['main.ts', `document.title = 'running';`],
      ['t.html', 'served'],
      ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ]),
  );
});
afterEach(() => context.close());

const withhold = (name: string): Promise<unknown> => page.route(`**/${name}*`, (route) => route.abort());
const text = (): Promise<string | null> => page.locator('[data-cd-template]').textContent();
const loaded = (name: string): Promise<unknown> =>
  page.waitForFunction(
    (wanted) =>
      performance
        .getEntriesByType('resource')
        .some(
          (entry) => entry.name.endsWith(wanted) && 'responseStatus' in entry && entry.responseStatus === 200,
        ),
    `/${name}`,
  );

describe('what a page loads by itself', () => {
  test.each([
    ['runtime-morph.js', 't.html', 'pushed'],
    ['runtime-assets.js', 'a.svg', '<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>'],
  ])(
    '%s fails its push alone when it cannot be loaded, and is loaded at the next try',
    async (part, file, content) => {
      await withhold(part);
      await page.goto(stack.origin);
      await connected(page);
      const [failed] = await stack.push({ [file]: content });
      expect(failed?.state).toMatchObject({
        stage: 'failed',
        problem: { kind: 'internal', retryable: true },
      });
      expect(await text()).toBe('served');
      await page.unroute(`**/${part}*`);
      const [track] = await stack.push({ [file]: `${content} ` });
      expect(track?.state.stage).toBe('completed');
    },
  );

  test('the connection’s part is asked for again until it comes', async () => {
    await withhold('runtime-link.js');
    const refused = page.waitForEvent('requestfailed');
    await page.goto(stack.origin);
    await refused;
    await page.waitForFunction(() => document.title === 'running');
    await page.unroute('**/runtime-link.js*');
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await connected(page);
    const [track] = await stack.push({ 't.html': 'pushed' });
    expect(track?.state.stage).toBe('completed');
  });

  test('once it is idle it has every part, and needs its server for none of them', async () => {
    await page.goto(stack.origin);
    await connected(page);
    const parts = ['morph', 'assets', 'notes', 'seldom', 'stack'].map((name) => `runtime-${name}.js`);
    for (const part of parts) await loaded(part);
    await withhold('runtime*.js');
    const [track] = await stack.push({
      't.html': 'pushed',
      'a.svg': '<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>',
    });
    expect(track?.state.stage).toBe('completed');
    expect(await text()).toBe('pushed');
    await page.locator('cd-push-overlay .sync').waitFor();
  });
});
