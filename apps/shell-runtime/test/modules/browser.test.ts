import { fileURLToPath } from 'node:url';

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ModuleChange } from '../../src/modules/swap-result.ts';
import { launchChromium } from '../chromium.ts';
import { contentOf } from './content.ts';
import type { PageResult } from './page-entry.ts';
import { freePath, startPageServer, type PageServer } from './page-server.ts';

declare global {
  var counted: { blobs: number; refusals: number };
}

let browser: Browser;
let server: PageServer;
let page: Page;

beforeAll(async () => {
  [browser, server] = await Promise.all([
    launchChromium(),
    startPageServer(fileURLToPath(new URL('page-entry.ts', import.meta.url))),
  ]);
});
afterAll(() => Promise.all([browser.close(), server.close()]));

beforeEach(async () => {
  page = await browser.newPage();
  await page.goto(server.origin);
});
afterEach(() => page.close());

const start = async (files: Record<string, string>, dataScripts = false): Promise<void> => {
  const base: Record<string, { digest: string; url: string }> = {};
  for (const [name, text] of Object.entries(files)) {
    const { digest, content, map } = contentOf(`/m/${name}`, text);
    server.serve(`/_cd/${digest}.js`, `${content}//# sourceMappingURL=${digest}.map\n`);
    server.serve(`/_cd/${digest}.map`, map, 'application/json');
    base[`/m/${name}`] = { digest, url: `_cd/${digest}.js` };
  }
  await page.evaluate(([served, may]) => globalThis.page.start('/m/main.ts', served, may), [
    base,
    dataScripts,
  ] as const);
};

const put = (name: string, text: string): ModuleChange => ({
  op: 'put',
  resource: `/m/${name}`,
  ...contentOf(`/m/${name}`, text),
});

const swap = (...changes: ModuleChange[]): Promise<PageResult> =>
  page.evaluate((given) => globalThis.page.swap(given), changes);

const shown = (): Promise<string> => page.evaluate(() => document.title);

const main = `import './counter.ts';`;
const counter = (label: string, rest = ''): string => `
  let count: number = (import.meta.hot!.data.count as number) ?? 0;
  export const up = () => { count += 1; document.title = '${label} ' + count; };
  globalThis.up = up; document.title = '${label} ' + count;
  import.meta.hot!.accept(); import.meta.hot!.dispose((data) => { data.count = count; });
  ${rest}`;

describe("live modules under script-src 'self' blob:", () => {
  test('a pushed module takes the place of the served one and keeps its state, where eval is forbidden', async () => {
    await start({ 'main.ts': main, 'counter.ts': counter('first') });
    expect(await page.evaluate(() => globalThis.page.evalIsBlocked())).toBe(true);
    await page.evaluate(() => (globalThis as unknown as { up: () => void }).up());
    expect(await shown()).toBe('first 1');
    expect(await swap(put('counter.ts', counter('second')))).toMatchObject({ status: 'applied' });
    expect(await shown()).toBe('second 1');
  });

  test('a served dependency stays one instance for pushed code', async () => {
    await start({
      'main.ts': `import { state } from './state.ts'; globalThis.state = state; import './view.ts';`,
      'state.ts': `export const state = { n: 1 };`,
      'view.ts': `import.meta.hot!.accept();`,
    });
    const view = `import { state } from './state.ts'; document.title = String(state === globalThis.state); import.meta.hot!.accept();`;
    expect(await swap(put('view.ts', view))).toMatchObject({ status: 'applied' });
    expect(await shown()).toBe('true');
  });

  test('a throwing module gives way to the old one, and its stack leads to the file and line as written', async () => {
    await start({ 'main.ts': main, 'counter.ts': counter('first') });
    const broken = `import.meta.hot!.accept();\nconst boom = () => {\n  throw new TypeError('no such thing');\n};\nboom();\n`;
    const result = await swap(put('counter.ts', broken));
    expect(result).toMatchObject({
      status: 'failed',
      at: 'evaluate',
      restored: true,
      message: 'no such thing',
    });
    expect(result.stack).toMatch(/_cd\/sha256-[\w-]{43}\.js:\d+:\d+/u);
    expect(result.mapped).toMatch(/at boom \(\/m\/counter\.ts:3:\d+\)\n.*\/m\/counter\.ts:5:\d+/u);
    expect(await shown()).toBe('first 0');
  });

  test('a stack that leads through a served module is mapped with the map that is served', async () => {
    await start({
      'main.ts': `import { call } from './served.ts'; globalThis.call = call; import './view.ts';`,
      'served.ts': `export const call = (work: () => void) => {\n  work();\n};`,
      'view.ts': `import.meta.hot!.accept();`,
    });
    const view = `globalThis.call(() => {\n  throw new Error('through');\n});`;
    const { mapped } = await swap(put('view.ts', view));
    expect(mapped).toMatch(/\/m\/view\.ts:2:\d+\)?\n.*\/m\/served\.ts:2:\d+\)?\n.*\/m\/view\.ts:1:\d+/u);
  });

  test('content with a syntax error is refused before anything is evaluated', async () => {
    await start({ 'main.ts': main, 'counter.ts': counter('first') });
    const change = {
      ...put('counter.ts', ''),
      digest: 'sha256-none',
      content: 'export default async () => { const x = ; };',
    };
    expect(await swap(change)).toMatchObject({
      status: 'failed',
      at: 'load',
      restored: true,
      name: 'SyntaxError',
    });
    expect(await shown()).toBe('first 0');
  });

  test('an error in the frame after the swap, and a rejection that nobody handles, restore the old version', async () => {
    await start({ 'main.ts': main, 'counter.ts': counter('first') });
    for (const trouble of [
      `requestAnimationFrame(() => { throw new Error('later'); });`,
      `setTimeout(() => { throw new Error('later'); });`,
      `void Promise.reject(new Error('later'));`,
    ]) {
      const result = await swap(put('counter.ts', counter('second', trouble)));
      expect(result).toMatchObject({ status: 'failed', at: 'health', restored: true, message: 'later' });
      expect(await shown()).toBe('first 0');
    }
  });

  test('import.meta.url is the address of the served file', async () => {
    await start({ 'main.ts': `import './pages/a.ts';`, 'pages/a.ts': `document.title = import.meta.url;` });
    expect(await shown()).toBe(`${server.origin}/pages/a.ts`);
  });
});

describe('where a host says that `data:` scripts may run', () => {
  /** How many blobs were made for modules, and how many of a policy's refusals there were. */
  const counts = (): Promise<{ readonly blobs: number; readonly refusals: number }> =>
    page.evaluate(() => globalThis.counted);
  const count = (): Promise<void> =>
    page.evaluate(() => {
      globalThis.counted = { blobs: 0, refusals: 0 };
      const create = URL.createObjectURL.bind(URL);
      URL.createObjectURL = (of) => {
        globalThis.counted.blobs += 1;
        return create(of);
      };
      document.addEventListener('securitypolicyviolation', () => {
        globalThis.counted.refusals += 1;
      });
    });

  test('a pushed module comes without a blob, and what is wrong with it is said', async () => {
    await page.goto(server.origin + freePath);
    await start({ 'main.ts': main, 'counter.ts': counter('first') }, true);
    await count();
    expect(await swap(put('counter.ts', counter('zwölf % 🦊')))).toMatchObject({ status: 'applied' });
    expect(await shown()).toBe('zwölf % 🦊 0');
    expect(await counts()).toEqual({ blobs: 0, refusals: 0 });
    const { resource } = put('counter.ts', '');
    const broken = {
      op: 'put',
      resource,
      digest: 'sha256-x',
      content: 'export default async () => {',
    } as const;
    expect(await swap(broken)).toMatchObject({ status: 'failed', at: 'load', name: 'SyntaxError' });
    expect(await swap(put('counter.ts', counter('third')))).toMatchObject({ status: 'applied' });
    // The broken one alone was tried twice.
    expect(await counts()).toEqual({ blobs: 1, refusals: 0 });
  });

  test('a policy that is met all the same is asked once, and keeps nothing from being applied', async () => {
    await start({ 'main.ts': main, 'counter.ts': counter('first') }, true);
    await count();
    for (const label of ['second', 'third', 'fourth']) {
      expect(await swap(put('counter.ts', counter(label)))).toMatchObject({ status: 'applied' });
      expect(await shown()).toBe(`${label} 0`);
    }
    expect(await counts()).toEqual({ blobs: 3, refusals: 1 });
  });
});

describe('cost', () => {
  /** A module of 20 KB as it is written, each version different in all its functions. */
  const large = (version: number): string => {
    let text = counter(`v${version}`);
    for (let index = 0; text.length < 20_000; index += 1) {
      text += `${index % 10 === 0 ? 'export ' : ''}const f${index} = (x: number): string => { const y = x * ${index} + ${version}; return y > 3 ? 'many ' + y : 'few'; };\n`;
    }
    return text;
  };

  test.each(['blob:', 'data:'])(
    'a swap of a 20 KB module by %s keeps at most three times its source on the heap, map and all',
    async (scheme) => {
      if (scheme === 'data:') await page.goto(server.origin + freePath);
      await start({ 'main.ts': main, 'counter.ts': large(0) }, scheme === 'data:');
      const session = await page.context().newCDPSession(page);
      const heap = async (): Promise<number> => {
        await session.send('HeapProfiler.enable');
        // Twice: what finalizers let go of in the first round is taken in the second.
        await session.send('HeapProfiler.collectGarbage');
        await session.send('HeapProfiler.collectGarbage');
        return (await session.send('Runtime.getHeapUsage')).usedSize;
      };
      let version = 0;
      const source = large(0).length;
      const swaps = async (count: number): Promise<void> => {
        for (let index = 0; index < count; index += 1) {
          expect(await swap(put('counter.ts', large((version += 1))))).toMatchObject({ status: 'applied' });
        }
      };
      await swaps(10);
      const before = await heap();
      await swaps(100);
      const perSwap = ((await heap()) - before) / 100;
      expect(perSwap).toBeLessThan(3 * source);
    },
  );
});
