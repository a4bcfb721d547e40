import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { policy } from './page-world.ts';
import { pageSuite, stages } from './suite.ts';

const suite = pageSuite();

const text = (selector = '#out'): Promise<string | null> => suite.world.page.locator(selector).textContent();
const html =
  '<!doctype html><title>app</title><body><p id="out"></p><p id="other"></p><input id="typed"></body>';
const out = (expression: string, id = 'out'): string =>
  `document.getElementById('${id}')!.textContent = String(${expression});`;
const completed = ['delivered', 'completed'];

/** Starts a page of these files that says in `#loads` how often it was loaded: a push must never need a reload. */
const open = async (files: Record<string, string>): Promise<void> => {
  const { world } = suite;
  world.html = html;
  world.deploy({ 'main.ts': `import './view.ts';`, ...files });
  await world.open();
  await world.page.evaluate(() => Object.assign(globalThis, { sameDocument: true }));
};
const isSameDocument = (): Promise<boolean> => suite.world.page.evaluate(() => 'sameDocument' in globalThis);

describe('in a page, a push of', () => {
  test('a dependency two levels below the one that accepts is shown, through the importers in between', async () => {
    await open({
      'view.ts': `import { line } from './line.ts'; ${out('line()')} import.meta.hot!.accept();`,
      'line.ts': `import { word } from './word.ts'; export const line = () => 'say ' + word;`,
      'word.ts': `export const word = 'one';`,
    });
    expect(await text()).toBe('say one');
    expect(stages(await suite.world.push({ 'word.ts': `export const word = 'two';` }))).toEqual(completed);
    expect(await text()).toBe('say two');
    expect(await isSameDocument()).toBe(true);
  });

  test('one importer leaves a shared singleton one instance, with its state', async () => {
    const view = (id: string, label: string): string =>
      `import { store } from './store.ts'; store.n += 1; const show = () => { ${out(`'${label} ' + store.n`, id)} };
      show(); globalThis.show${id} = show; import.meta.hot!.accept();`;
    await open({
      'main.ts': `import './a.ts'; import './b.ts';`,
      'store.ts': `export const store = { n: 0 };`,
      'a.ts': view('out', 'a'),
      'b.ts': view('other', 'b'),
    });
    expect([await text(), await text('#other')]).toEqual(['a 1', 'b 2']);
    expect(stages(await suite.world.push({ 'a.ts': view('out', 'A') }))).toEqual(completed);
    await suite.world.page.evaluate(() => (globalThis as unknown as { showother: () => void }).showother());
    expect([await text(), await text('#other')]).toEqual(['A 3', 'b 3']);
  });

  test('a shared singleton itself reaches all who import it, as one new instance', async () => {
    const view = (id: string): string =>
      `import { store } from './store.ts'; store.users.push('${id}'); globalThis.store${id} = store;
      ${out(`store.label + ' ' + store.users`, id)} import.meta.hot!.accept();`;
    const store = (label: string): string =>
      `export const store = { label: '${label}', users: [] as string[] };`;
    await open({
      'main.ts': `import './a.ts'; import './b.ts';`,
      'store.ts': store('old'),
      'a.ts': view('out'),
      'b.ts': view('other'),
    });
    expect(stages(await suite.world.push({ 'store.ts': store('new') }))).toEqual(completed);
    expect([await text(), await text('#other')]).toEqual(['new out', 'new out,other']);
    expect(
      await suite.world.page.evaluate(
        () => Reflect.get(globalThis, 'storeout') === Reflect.get(globalThis, 'storeother'),
      ),
    ).toBe(true);
  });

  test('a module in an import cycle evaluates the cycle anew, and its live bindings hold', async () => {
    const even = (yes: string): string =>
      `import { isOdd } from './odd.ts'; export const isEven = (n: number): string => n === 0 ? '${yes}' : isOdd(n - 1);`;
    await open({
      'view.ts': `import { isEven } from './even.ts'; ${out('isEven(4)')} import.meta.hot!.accept();`,
      'even.ts': even('even'),
      'odd.ts': `import { isEven } from './even.ts'; export const isOdd = (n: number): string => n === 0 ? 'odd' : isEven(n - 1);`,
    });
    expect(await text()).toBe('even');
    expect(stages(await suite.world.push({ 'even.ts': even('straight') }))).toEqual(completed);
    expect(await text()).toBe('straight');
    const odd = `import { isEven } from './even.ts'; export const isOdd = (n: number): string => n === 0 ? 'odd' : isEven(n - 1) + '!';`;
    expect(stages(await suite.world.push({ 'odd.ts': odd }))).toEqual(completed);
    expect(await text()).toBe('straight!!');
  });

  test('a file that nobody imported before comes with the module that imports it first, and takes pushes from then on', async () => {
    await open({ 'view.ts': `${out(`'alone'`)} import.meta.hot!.accept();` });
    const view = `import { word } from './fresh.ts'; ${out('word')} import.meta.hot!.accept();`;
    const both = { 'fresh.ts': `export const word = 'fresh';`, 'view.ts': view };
    expect(stages(await suite.world.push(both))).toEqual(completed);
    expect(await text()).toBe('fresh');
    expect(stages(await suite.world.push({ 'fresh.ts': `export const word = 'fresher';` }))).toEqual(
      completed,
    );
    expect(await text()).toBe('fresher');
    await suite.world.reload();
    expect(await text()).toBe('fresher');
  });

  test('a module that imports a file which is not there fails and names it, and the old one stays', async () => {
    await open({ 'view.ts': `${out(`'whole'`)} import.meta.hot!.accept();` });
    const { reports } = await suite.world.push({
      'view.ts': `import { word } from './missing.ts'; ${out('word')} import.meta.hot!.accept();`,
    });
    expect(reports).toMatchObject([
      { stage: 'delivered' },
      {
        stage: 'failed',
        problem: { kind: 'apply-failed', detail: expect.stringContaining('/app/missing.ts') },
      },
    ]);
    expect(await text()).toBe('whole');
  });
});

describe('in a page, a bare import', () => {
  const counting = (word: string): string =>
    `globalThis.evaluations = (globalThis.evaluations ?? 0) + 1; export const word = '${word}';`;
  const view = (label: string, name = 'words'): string =>
    `import { word } from '${name}'; ${out(`'${label} ' + word`)} import.meta.hot!.accept();`;
  const evaluations = () =>
    suite.world.page.evaluate(() => Reflect.get(globalThis, 'evaluations') as unknown);

  test('is what the host serves under that name, and stays one instance over pushes', async () => {
    suite.world.packages = { words: counting('packed') };
    await open({ 'view.ts': view('served') });
    expect(await text()).toBe('served packed');
    expect(stages(await suite.world.push({ 'view.ts': view('pushed') }))).toEqual(completed);
    expect([await text(), await evaluations()]).toEqual(['pushed packed', 1]);
  });

  test('of a package that the host serves only since the page was opened is found by the push that needs it', async () => {
    await open({ 'view.ts': `${out(`'none'`)} import.meta.hot!.accept();` });
    suite.world.packages = { '@scope/words': counting('scoped') };
    expect(stages(await suite.world.push({ 'view.ts': view('pushed', '@scope/words') }))).toEqual(completed);
    expect(await text()).toBe('pushed scoped');
  });

  test('is what the page’s import map says, before the host, where the policy names the map’s hash', async () => {
    const map = '{"imports":{"words":"/vendor/words.js"}}';
    const hash = createHash('sha256').update(map).digest('base64');
    suite.world.policy = `${policy} 'sha256-${hash}'`;
    suite.world.packages = { words: counting('from the host') };
    await suite.context.route('**/vendor/words.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: counting('mapped') }),
    );
    suite.world.html = html.replace('<title>', `<script type="importmap">${map}</script><title>`);
    suite.world.deploy({ 'main.ts': `import './view.ts';`, 'view.ts': view('served') });
    await suite.world.open();
    expect(await text()).toBe('served mapped');
    expect(stages(await suite.world.push({ 'view.ts': view('pushed') }))).toEqual(completed);
    expect([await text(), await evaluations()]).toEqual(['pushed mapped', 1]);
  });

  test('that nobody knows fails the push by its name, and the old version stays', async () => {
    await open({ 'view.ts': `${out(`'whole'`)} import.meta.hot!.accept();` });
    const { reports } = await suite.world.push({ 'view.ts': view('pushed', 'unknown-words') });
    expect(reports[1]).toMatchObject({
      stage: 'failed',
      problem: { kind: 'apply-failed', detail: expect.stringContaining('"unknown-words"') },
    });
    expect(await text()).toBe('whole');
  });

  test('of a CommonJS package has its members by name', async () => {
    suite.world.packages = { words: `export default { word: 'common' };` };
    await open({ 'view.ts': view('served') });
    expect(await text()).toBe('served common');
  });

  test('of a full address is imported as it is', async () => {
    suite.world.packages = { words: counting('by address') };
    await open({ 'view.ts': `${out(`'none'`)} import.meta.hot!.accept();` });
    const address = `${suite.world.origin}/_cd/packages/words.js`;
    expect(stages(await suite.world.push({ 'view.ts': view('pushed', address) }))).toEqual(completed);
    expect(await text()).toBe('pushed by address');
  });
});
