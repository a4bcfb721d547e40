import { fileURLToPath } from 'node:url';

import { outboxContract, sampleEntry, type OutboxEntry } from '@cd-push/client';
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
  // IndexedDB and locks need an origin that is secure.
  await context.route('https://sender.test/', (route) =>
    route.fulfill({ contentType: 'text/html', body: '' }),
  );
});
afterAll(() => browser.close());

/** A tab of one origin. */
const openTab = async (): Promise<Page> => {
  const page = await context.newPage();
  await page.goto('https://sender.test/');
  await page.addScriptTag({ content: code });
  return page;
};

const claim = (page: Page): Promise<readonly OutboxEntry[]> =>
  page.evaluate(() => globalThis.sharedOutbox.claim());

describe('the outbox in IndexedDB', () => {
  test.each(outboxContract.map(({ title }) => title))('%s', async (title) => {
    const page = await openTab();
    expect(await page.evaluate((rule) => globalThis.runOutboxRule(rule), title)).toBe('kept');
    await page.close();
  });

  test('what a tab holds is no other’s until that tab is gone, however it went', async () => {
    const [first, second] = [await openTab(), await openTab()];
    await first.evaluate((one) => globalThis.sharedOutbox.put(one), sampleEntry(1));
    await second.evaluate((one) => globalThis.sharedOutbox.put(one), sampleEntry(2));
    expect(await claim(second)).toEqual([sampleEntry(2)]);
    await first.close({ runBeforeUnload: false });
    await expect.poll(() => claim(second)).toEqual([sampleEntry(1), sampleEntry(2)]);
    await second.reload();
    await second.addScriptTag({ content: code });
    await expect.poll(() => claim(second)).toEqual([sampleEntry(1), sampleEntry(2)]);
    await second.close();
  });
});
