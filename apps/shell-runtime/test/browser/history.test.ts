import { fileURLToPath } from 'node:url';

import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

import { launchChromium } from '../chromium.ts';
import { RealStack } from './real-stack.ts';

const css = (n: number): string => `body { color: rgb(${n}, ${n}, ${n}); }`;

test('[SYNC-29] a page pulls the history of what it runs into IndexedDB, and goes on being pushed to', async () => {
  const input = fileURLToPath(new URL('history-entry.ts', import.meta.url));
  const build = await rolldown({ input, platform: 'browser' });
  const { output } = await build.generate({ format: 'iife' });
  await build.close();
  const stack = await RealStack.create(
    '<!doctype html><title>app</title><head><link rel="stylesheet" href="/a.css"></head><body></body>',
    new Map([
      ['main.ts', ''],
      ['a.css', css(1)],
    ]),
  );
  await using browser = await launchChromium();
  // The page's own policy allows no script of a test's.
  const page = await stack.open(await browser.newContext({ bypassCSP: true }));
  await stack.push({ 'a.css': css(2) });
  await stack.push({ 'a.css': css(3) });
  const [{ code }] = output;
  await page.addScriptTag({ content: code });
  const sources = { '/app/a.css': [css(3), css(2)] };
  // The first frame, one for each version, and a source for each.
  expect(await page.evaluate(() => globalThis.pullHere())).toEqual({ objects: 5, sources });
  expect(await page.evaluate(() => globalThis.pullHere())).toEqual({ objects: 0, sources });
  const [track] = await stack.push({ 'a.css': css(4) });
  expect(track?.state.stage).toBe('completed');
  expect(await page.evaluate(() => globalThis.pullHere())).toMatchObject({
    objects: 2,
    sources: { '/app/a.css': [css(4), css(3), css(2)] },
  });
});
