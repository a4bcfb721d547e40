import { describe, expect, test } from 'vitest';

import { pageSuite } from './suite.ts';

const suite = pageSuite();

const open = async (): Promise<void> => {
  const { world } = suite;
  world.overlay = true;
  world.html =
    '<!doctype html><title>app</title><head><link rel="stylesheet" href="/a.css"></head><body><h1>app</h1></body>';
  world.deploy({
    'main.ts': `import './c.controller.ts';`,
    'c.controller.ts': 'import.meta.hot!.accept();',
    // Styles of the page have no business in the overlay.
    'a.css': 'li { display: none !important; font-size: 90px }',
  });
  await world.open();
};
interface Shown {
  readonly kind: string;
  readonly role: string | null;
  readonly title: string | undefined;
  readonly text: string | undefined;
  readonly stack: string | undefined;
}
const notes = (): Promise<Shown[]> =>
  suite.world.page.locator('cd-push-overlay li').evaluateAll((items) =>
    items.map((item) => ({
      kind: item.className,
      role: item.getAttribute('role'),
      title: item.querySelector('.title')?.textContent ?? undefined,
      text: item.querySelector('.text')?.textContent ?? undefined,
      stack: item.querySelector('.stack')?.textContent ?? undefined,
    })),
  );

const kinds = async (): Promise<string[]> => (await notes()).map(({ kind }) => kind);

describe('the overlay', () => {
  test('shows what was synced, notices from people, and failures with their mapped stack', async () => {
    await open();
    const { world, signer } = suite;
    await world.push({
      'a.css': 'h1 { color: teal }',
      'c.controller.ts': 'import.meta.hot!.accept(); export {};',
    });
    await world.send(await signer.notice('Deploying at noon.'));
    await world.push({ 'c.controller.ts': `import.meta.hot!.accept();\nthrow new Error('broken');` });
    expect(await notes()).toMatchObject([
      { kind: 'sync', role: 'status', title: 'a.css and 1 more updated' },
      { kind: 'notice', role: 'status', title: 'user-1', text: 'Deploying at noon.' },
      {
        kind: 'failure',
        role: 'alert',
        text: 'It threw while it was evaluated: broken',
        stack: expect.stringContaining('/app/c.controller.ts:2:'),
      },
    ]);
    expect((await notes())[2]?.stack).not.toContain('entry.js');
    expect(await world.page.locator('cd-push-overlay li').first().isVisible()).toBe(true);
    // What is repaired is a failure no more.
    await world.push({ 'c.controller.ts': 'import.meta.hot!.accept();' });
    await expect.poll(kinds).toEqual(['sync', 'notice', 'sync']);
  });

  test('counts what is updated again and again, in the note that says so', async () => {
    await open();
    const { world } = suite;
    for (const color of ['teal', 'navy', 'olive']) await world.push({ 'a.css': `h1 { color: ${color} }` });
    await expect.poll(notes).toMatchObject([{ kind: 'sync', title: 'a.css updated' }]);
    const item = world.page.locator('cd-push-overlay li');
    await expect.poll(() => item.innerText()).toContain('×3');
    // Shown once and at rest, it asks for no more frames.
    await expect.poll(() => item.evaluate((note) => note.getAnimations().length)).toBe(0);
    await world.push({ 'a.css': 'h1 { color: red }' });
    await expect.poll(() => item.innerText()).toContain('×4');
    expect(await item.evaluate((note) => note.getAnimations().length)).toBe(0);
    await world.push({ 'c.controller.ts': 'import.meta.hot!.accept(); export {};' });
    await world.push({ 'a.css': 'h1 { color: blue }' });
    const titles = async () => (await notes()).map(({ title }) => title);
    await expect.poll(titles).toEqual(['a.css updated', 'c.controller.ts updated', 'a.css updated']);
  });

  test('says nothing of a silent push', async () => {
    await open();
    await suite.world.push({ 'a.css': 'h1 { color: teal }' }, { silent: true });
    await suite.world.push({ 'c.controller.ts': 'import.meta.hot!.accept(); export {};' });
    await expect.poll(notes).toMatchObject([{ title: 'c.controller.ts updated' }]);
  });

  test('takes words for words: nothing that is pushed or reported is markup', async () => {
    await open();
    const { world, signer } = suite;
    const markup = '<img src=x onerror="document.title = 1"><script>document.title = 2</script>';
    await world.send(await signer.notice(markup));
    await world.push({ 'c.controller.ts': `throw new Error(${JSON.stringify(markup)});` });
    const [notice, failure] = await notes();
    expect(notice?.text).toBe(markup);
    expect(failure?.text).toContain(markup);
    expect(await world.page.locator('cd-push-overlay img, cd-push-overlay script').count()).toBe(0);
    expect(await world.page.title()).toBe('app');
  });

  test('can be dismissed by pointer and by keyboard, and lies in a live region', async () => {
    await open();
    const { world, signer } = suite;
    await world.send(await signer.notice('one'));
    await world.send(await signer.notice('two'));
    expect(await world.page.locator('cd-push-overlay [aria-live=polite] > li').count()).toBe(2);
    await world.page.getByRole('button', { name: 'Dismiss' }).first().click();
    expect((await notes()).map(({ text }) => text)).toEqual(['two']);
    await world.page.getByRole('button', { name: 'Dismiss' }).focus();
    await world.page.keyboard.press('Escape');
    expect(await notes()).toEqual([]);
  });

  test('does not move for those who ask for less motion', async () => {
    await open();
    await suite.world.page.emulateMedia({ reducedMotion: 'reduce' });
    await suite.world.send(await suite.signer.notice('still'));
    const animation = await suite.world.page
      .locator('cd-push-overlay li')
      .evaluate((item) => getComputedStyle(item).animationName);
    expect(animation).toBe('none');
  });

  test('offers to load the page again where a change takes effect only then', async () => {
    await open();
    const { world } = suite;
    await world.push({ 'main.ts': `document.title = 'anew';` });
    await Promise.all([
      world.page.waitForEvent('load'),
      world.page.getByRole('button', { name: 'Reload' }).click(),
    ]);
    await expect.poll(() => world.page.title()).toBe('anew');
  });

  test('[POLICY-6] shows nothing but notices where the policy is silent, from the moment that it is until it is lifted', async () => {
    await open();
    const { world, signer } = suite;
    const policy = { hold: false, silent: true, mode: 'hybrid' as const };
    await world.page.evaluate((changed) => globalThis.cd.policy(changed), policy);
    await world.push({ 'a.css': 'h1 { color: teal }' });
    await world.push({ 'c.controller.ts': `throw new Error('broken');` });
    await world.send(await signer.notice('Deploying at noon.'));
    expect(await notes()).toMatchObject([{ kind: 'notice', text: 'Deploying at noon.' }]);
    await world.page.evaluate((changed) => globalThis.cd.policy(changed), { ...policy, silent: false });
    await world.push({ 'a.css': 'h1 { color: navy }' });
    await expect.poll(kinds).toEqual(['notice', 'sync']);
  });
});
