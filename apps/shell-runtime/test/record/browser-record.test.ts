import { fileURLToPath } from 'node:url';

import type { Browser, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { launchChromium } from '../chromium.ts';
import { applyingMarkRules, recordStoreRules } from './record-rules.ts';

let browser: Browser;
let page: Page;

beforeAll(async () => {
  const input = fileURLToPath(new URL('page-entry.ts', import.meta.url));
  const build = await rolldown({ input, platform: 'browser' });
  const { output } = await build.generate({ format: 'iife' });
  await build.close();
  browser = await launchChromium();
  page = await browser.newPage();
  // IndexedDB and localStorage need an origin.
  await page.route('https://record.test/', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
  await page.goto('https://record.test/');
  await page.addScriptTag({ content: output[0].code });
});
afterAll(() => browser.close());

describe('the record in IndexedDB', () => {
  test.each(recordStoreRules.map(({ title }) => title))('%s', async (title) => {
    expect(await page.evaluate((rule) => globalThis.runRule('store', rule), title)).toBe('kept');
  });
});

describe('the mark in localStorage', () => {
  test.each(applyingMarkRules.map(({ title }) => title))('%s', async (title) => {
    expect(await page.evaluate((rule) => globalThis.runRule('mark', rule), title)).toBe('kept');
  });
});
