import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { launchChromium } from '../demo/chromium.ts';
import { Stack } from '../demo/stack.ts';
import { makeWorkplace } from '../demo/workplace.ts';

test('a reload shows what was saved meanwhile, and without a network what was there last', async () => {
  await using owner = new AsyncDisposableStack();
  const place = await makeWorkplace();
  owner.defer(place.remove);
  const browser = await launchChromium();
  owner.defer(() => browser.close());
  const page = await browser.newPage();
  {
    await using running = new AsyncDisposableStack();
    const stack = await Stack.start(place, running);
    await page.goto(stack.pageUrl);
    expect(await greetingOn(page)).toBe('Hello, stranger.');
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await page.reload();
    expect(await greetingOn(page)).toBe('Hello, stranger.');

    // Nobody watches: this comes with the page or not at all.
    const file = join(place.project, 'src/greeting.ts');
    await writeFile(file, (await readFile(file, 'utf8')).replace('Hello', 'Welcome back'));
    await page.reload();
    expect(await greetingOn(page)).toBe('Welcome back, stranger.');
  }
  await page.reload();
  expect(await greetingOn(page)).toBe('Welcome back, stranger.');
}, 60_000);

const greetingOn = async (page: Page): Promise<string | null> => {
  await page.waitForSelector('[data-greeting]:not(:empty)');
  return page.textContent('[data-greeting]');
};
