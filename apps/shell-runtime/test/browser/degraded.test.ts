import { describe, expect, test } from 'vitest';

import { pageSuite, stages } from './suite.ts';

const suite = pageSuite();

describe('a page that cannot do everything', () => {
  test('outside of a secure context says so, runs its program and takes no push', async () => {
    const { world } = suite;
    world.overlay = true;
    world.deploy({ 'main.ts': `document.title = 'running';` });
    world.page = await suite.context.newPage();
    await world.page.route('http://insecure.test/**', async (route) => {
      const { pathname } = new URL(route.request().url());
      await route.fulfill({ response: await route.fetch({ url: world.origin + pathname }) });
    });
    await world.page.goto('http://insecure.test/');
    await world.page.waitForFunction(() => 'cd' in globalThis);
    expect(await world.page.evaluate(() => globalThis.cd.started)).toBe('running');
    expect(await world.page.title()).toBe('running');
    expect(await world.page.evaluate(() => globalThis.cd.runtime?.state().link)).toMatchObject({
      state: 'refused',
      problem: { kind: 'insecure-context' },
    });
    expect(await world.page.evaluate(() => globalThis.cd.hello)).toBeUndefined();
    expect(await world.page.locator('cd-push-overlay .failure').textContent()).toContain('HTTPS');
  });

  test.each([
    ['a nonce lets its pushed styles through', `'self' 'nonce-abc'`, ['completed'], 'rgb(2, 2, 2)'],
    [
      'a policy that forbids <style> is named as the reason',
      `'self'`,
      ['delivered', 'failed'],
      'rgb(1, 1, 1)',
    ],
  ])('%s', async (_name, styles, expected, shown) => {
    const { world } = suite;
    world.policy += `; style-src ${styles}`;
    world.html = '<!doctype html><head><link rel="stylesheet" href="/a.css" nonce="abc"></head><body></body>';
    world.deploy({ 'main.ts': '', 'a.css': 'body { color: rgb(1, 1, 1); }' });
    await world.open();
    const outcome = await world.push({ 'a.css': 'body { color: rgb(2, 2, 2); }' });
    expect(stages(outcome)).toEqual(expected);
    expect(await world.page.evaluate(() => getComputedStyle(document.body).color)).toBe(shown);
    if (shown === 'rgb(1, 1, 1)') {
      expect(outcome.reports[1]?.problem?.detail).toContain('content security policy');
      await world.page.evaluate(() => (globalThis.cd.violations as string[]).splice(0));
    }
  });

  test('without storage takes pushes, and starts from the base after a reload', async () => {
    const { world } = suite;
    world.html = '<!doctype html><head><link rel="stylesheet" href="/a.css"></head><body></body>';
    world.deploy({ 'main.ts': '', 'a.css': 'body { color: rgb(1, 1, 1); }' });
    await suite.context.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
        Object.defineProperty(globalThis, name, {
          get: () => {
            throw new DOMException('blocked', 'SecurityError');
          },
        });
      }
    });
    await world.open();
    const color = (): Promise<string> => world.page.evaluate(() => getComputedStyle(document.body).color);
    expect(stages(await world.push({ 'a.css': 'body { color: rgb(2, 2, 2); }' }))).toEqual(['completed']);
    expect(await color()).toBe('rgb(2, 2, 2)');
    await world.reload();
    expect(await color()).toBe('rgb(1, 1, 1)');
  });
});
