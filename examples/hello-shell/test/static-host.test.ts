import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import { silentLog, startRelay } from '@cd-push/relay';
import { afterEach, expect, test } from 'vitest';

import { launchChromium } from '../demo/chromium.ts';
import { makeWorkplace } from '../demo/workplace.ts';
import { run } from './support/run.ts';
import { startStaticHost } from './support/static-host.ts';

const cliFile = join(import.meta.dirname, '../node_modules/@cd-push/cli/dist/main.js');
const serviceCredential = { id: 'relay', secret: 'a service secret of more than 32 characters' };
const developer = { userName: 'ada', password: 'correct horse battery staple' };

let owner = new AsyncDisposableStack();
afterEach(async () => {
  await owner.disposeAsync();
  owner = new AsyncDisposableStack();
});

/** The app as files on a static host, with an api and a relay that know its origin, and a developer who has signed in. */
const deployed = async (environment = 'development') => {
  const place = await makeWorkplace();
  owner.defer(() => place.remove());
  const built = join(place.data, 'built');
  const host = owner.use(await startStaticHost(built));
  const allowedOrigins = [new URL(host.url).origin];
  const api = await startApi({
    dataFile: join(place.home, 'api.sqlite'),
    serviceCredential,
    allowedOrigins,
    seed: { ...developer, roles: ['developer', 'admin'], grants: [{ prefix: '/', environments: ['*'] }] },
    logLevel: 'silent',
  });
  owner.defer(() => api.close());
  const relay = await startRelay({
    port: 0,
    apiUrl: api.url,
    serviceCredential,
    allowedOrigins,
    journal: { kind: 'memory' },
    logger: silentLog,
  });
  owner.defer(() => relay.close());

  /** Runs the program as its user does, and gives the lines of its output. */
  const cli = async (args: readonly string[], stdin = ''): Promise<readonly string[]> => {
    const env = {
      ...process.env,
      CD_PUSH_CONFIG_HOME: place.home,
      CD_PUSH_API_URL: api.url,
      CD_PUSH_RELAY_URL: relay.url,
      CD_PUSH_SYNC_MODE: 'remote',
    };
    const { code, lines, stderr } = await run([cliFile, ...args], { cwd: place.project, stdin, env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return lines;
  };
  await cli(['login', '--user', developer.userName], developer.password);
  await cli(['build', '--out', built, '--environment', environment]);
  const [told = ''] = await cli(['join-code', '--json']);
  const { code: joinCode } = JSON.parse(told) as { code: string };

  const browser = await launchChromium();
  owner.defer(() => browser.close());
  return { place, built, host, cli, joinCode, page: await browser.newPage() };
};

/** Shows itself once the program has started. */
const counter = '[data-more]:not(:empty)';

test('a page that was built starts from any static host, joins by its address, and takes pushes in', async () => {
  const { place, built, host, cli, joinCode, page } = await deployed();
  expect(readFileSync(join(built, 'cd-push/boot.json'), 'utf8')).not.toContain('joinCode');
  await page.goto(`${host.url}#join=${joinCode}`);
  await page.waitForSelector(counter);
  expect(page.url()).toBe(host.url);
  await expect.poll(async () => (await cli(['targets', '--json'])).join()).toContain('"connected":true');

  const style = join(place.project, 'src/app.css');
  writeFileSync(style, `${readFileSync(style, 'utf8')}\nbody { outline: 3px solid rgb(1, 2, 3); }\n`);
  await cli(['push', 'runtime', 'src/app.css', '--wait=completed']);
  const outline = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).outlineColor);
  expect(await outline()).toBe('rgb(1, 2, 3)');

  // The code is spent, and no longer needed: the browser has a credential of its own, and what it applied.
  await page.reload();
  await page.waitForSelector(counter);
  await expect.poll(outline).toBe('rgb(1, 2, 3)');
  expect(host.asked.filter((url) => url.includes(joinCode))).toEqual([]);
});

test('a page that has not joined runs all the same, and joins by the code that its user gives it', async () => {
  const { host, cli, joinCode, page } = await deployed();
  await page.goto(`${host.url}?from=mail#about`);
  await page.waitForSelector(counter);
  expect(await cli(['targets', '--json'])).toEqual([]);
  const reloaded = page.waitForEvent('load');
  await page.evaluate((code) => {
    location.hash = `about&join=${code}`;
  }, joinCode);
  await reloaded;
  await page.waitForSelector(counter);
  expect(page.url()).toBe(`${host.url}?from=mail#about`);
  await expect.poll(async () => (await cli(['targets', '--json'])).join()).toContain('"connected":true');
});

test('a page that was built for one environment takes no join code for another, whoever made the link', async () => {
  const { host, cli, joinCode, page } = await deployed('production');
  await page.goto(`${host.url}#join=${joinCode}`);
  await page.waitForSelector(counter);
  const refused = page.getByText('this page is hello-shell (production)');
  await refused.first().waitFor();
  await page.reload();
  await page.waitForSelector(counter);
  expect((await cli(['targets', '--json'])).join()).not.toContain('"connected":true');
});
