import { fileURLToPath } from 'node:url';

import { spaceContract } from '@cd-push/timeline';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { launchChromium } from '../chromium.ts';

let browser: Browser;
let context: BrowserContext;
let code: string;

beforeAll(async () => {
  const input = fileURLToPath(new URL('page-entry.ts', import.meta.url));
  const build = await rolldown({ input, platform: 'browser' });
  const { output } = await build.generate({ format: 'iife' });
  await build.close();
  ({ code } = output[0]);
  browser = await launchChromium();
  context = await browser.newContext();
  // IndexedDB needs an origin, WebCrypto a secure one.
  await context.route('https://space.test/', (route) =>
    route.fulfill({ contentType: 'text/html', body: '' }),
  );
});
afterAll(() => browser.close());

/** A tab of one origin. */
const openTab = async (): Promise<Page> => {
  const page = await context.newPage();
  await page.goto('https://space.test/');
  await page.addScriptTag({ content: code });
  return page;
};

describe('the space in IndexedDB', () => {
  test.each(spaceContract.map(({ title }) => title))('%s', { timeout: 60_000 }, async (title) => {
    const page = await openTab();
    expect(await page.evaluate((rule) => globalThis.runSpaceRule(rule), title)).toBe('kept');
    await page.close();
  });

  test(
    'two tabs that save into one timeline lose no save, and it is there after a reload',
    { timeout: 60_000 },
    async () => {
      const tabs = [await openTab(), await openTab()] as const;
      await Promise.all(
        tabs.map((tab, index) => tab.evaluate((by) => globalThis.saveToShared(by, 25), `tab ${index}`)),
      );
      await tabs[0].reload();
      await tabs[0].addScriptTag({ content: code });
      expect(await tabs[0].evaluate(() => globalThis.heightOfShared())).toEqual({ height: 50, frames: 51 });
      for (const tab of tabs) await tab.close();
    },
  );
});
