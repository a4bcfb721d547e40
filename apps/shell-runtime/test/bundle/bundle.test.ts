import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from 'vitest';

import { bundle, entryFile } from '../../scripts/bundle-browser.ts';
import { policy } from '../browser/page-world.ts';
import { launchChromium } from '../chromium.ts';
import { contentOf } from '../modules/content.ts';

/** Bytes after gzip. Every page of every app pays for them; a change that passes one says why it is worth it. */
const allowed: Readonly<Record<string, number>> = {
  // Before a program starts. Files that were taken back to what was served are known from the start.
  'runtime.js': 16_000,
  // At once, but nobody waits for it: connection, signatures, the logs of identities that a runtime follows by itself, and what
  // exchanges modules.
  'runtime-link.js': 26_900,
  // With the first template that takes the place of another.
  'runtime-morph.js': 2_300,
  // With the first visit of a browser profile.
  'runtime-first.js': 1_000,
  // With the first asset that takes the place of a served one.
  'runtime-assets.js': 1_700,
  // With the first thing that people are told.
  'runtime-notes.js': 2_200,
  // With the first push that is more than whole files, the first edit that is saved in the page, and the first crash.
  'runtime-seldom.js': 7_700,
  // With the first failure.
  'runtime-stack.js': 2_900,
};

const built = bundle();

test('the bundle is these files, which import nothing but each other', async () => {
  const files = await built;
  expect(files[0]?.name).toBe(entryFile);
  expect(files.map(({ name }) => name).toSorted()).toEqual(Object.keys(allowed).toSorted());
  for (const { imports } of files) for (const one of imports) expect(Object.keys(allowed)).toContain(one);
});

test.each(Object.entries(allowed))('%s takes at most %d bytes gzipped', async (name, bytes) => {
  const file = (await built).find((one) => one.name === name);
  expect(file?.gzipBytes).toBeLessThanOrEqual(bytes);
});

test('what most pages never need is waited for by nothing that they do', async () => {
  const files = await built;
  const seldom = /import[^()]*?["'`]\.\/runtime-(?:assets|first|morph|notes|seldom|stack)\.js/u;
  expect(files.filter(({ code }) => seldom.test(code)).map(({ name }) => name)).toEqual([]);
});

test('a program starts without waiting for the file that only its pushes need', async () => {
  const [entry] = await built;
  expect(entry?.code).not.toMatch(/import[^()]*?["'`]\.\/runtime-/u);
  expect(entry?.code).toMatch(/loadPart\([`"']\.\/runtime-link\.js/u);
});

test('the bundle starts a program under a policy without unsafe-eval, also where no api is', async () => {
  const main = contentOf('/app/main.ts', `document.title = 'running';`);
  const resources = {
    '/app/main.ts': { type: 'module', digest: main.digest, url: `_cd/${main.digest}.js` },
  };
  const boot = `import { startRuntime } from '/runtime.js';
    const violations = [];
    addEventListener('securitypolicyviolation', ({ blockedURI }) => violations.push(blockedURI));
    const runtime = await startRuntime({ apiUrl: '/api', relayUrl: '/', baseUrl: '/', entry: '/app/main.ts', joinCode: 'x' });
Object.assign(globalThis, { runtime, violations });`;
  const files: Record<string, [type: string, body: string]> = {
    '/': ['text/html', '<!doctype html><script type="module" src="/boot.js"></script>'],
    '/boot.js': ['text/javascript', boot],
    ...Object.fromEntries(
      (await built).map(({ name, code }) => [`/${name}`, ['text/javascript', code] as [string, string]]),
    ),
    '/cd-push.base.json': [
      'application/json',
      JSON.stringify({ module: 'app', base: main.digest, resources }),
    ],
    [`/_cd/${main.digest}.js`]: ['text/javascript', main.content],
  };
  const server = createServer((request, response) => {
    // Whoever is at the api's place speaks something else.
    const isApi = request.url?.startsWith('/api') === true;
    const [type, body] = isApi
      ? ['application/json', '{}']
      : (files[request.url ?? ''] ?? ['text/plain', undefined]);
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': type,
      'content-security-policy': policy,
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await page.waitForFunction(() => document.title === 'running');
    // By then the client has been through all that it does before a connection.
    await page.waitForFunction(() => globalThis.runtime?.state().link.state === 'refused');
    expect(await page.evaluate(() => globalThis.violations)).toEqual([]);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
});
