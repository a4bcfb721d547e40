import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { startApi } from '@cd-push/api';
import { silentLog, startRelay } from '@cd-push/relay';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { launchChromium } from '../demo/chromium.ts';
import { makeWorkplace, type Workplace } from '../demo/workplace.ts';
import { run } from './support/run.ts';
import { startStaticHost } from './support/static-host.ts';

const cliFile = join(import.meta.dirname, '../node_modules/@cd-push/cli/dist/main.js');
const serviceCredential = { id: 'relay', secret: 'a service secret of more than 32 characters' };
const user = { userName: 'ada', password: 'correct horse battery staple' };
const template = 'src/counter.html';

/** Programs start on a busy machine. */
const patient = { timeout: 30_000 };

let owner: AsyncDisposableStack;
beforeEach(() => {
  owner = new AsyncDisposableStack();
});
afterEach(() => owner.disposeAsync());

interface Told {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A machine on which somebody works on the app. */
interface Machine {
  readonly place: Workplace;
  readonly cli: (args: readonly string[], stdin?: string) => ReturnType<typeof run>;
  /** Starts `watch` as its user does, and resolves when it is watching. */
  readonly watch: (
    ...args: readonly string[]
  ) => Promise<(matches: (told: Told) => boolean) => Promise<Told>>;
  /** Ends what watches there, as Ctrl-C does. */
  readonly rest: () => Promise<void>;
  readonly read: (path: string) => string;
  readonly replace: (path: string, from: string, to: string) => void;
}

/** Api, relay, the app in a page that has joined, and two machines that have the app's files. */
const workedOn = async (): Promise<{ page: Page; one: Machine; other: Machine }> => {
  const places = [await makeWorkplace(), await makeWorkplace()] as const;
  for (const place of places) {
    owner.defer(() => place.remove());
    const main = join(place.project, 'src/main.ts');
    writeFileSync(
      main,
      `${readFileSync(main, 'utf8')}\nObject.assign(globalThis, { hot: import.meta.hot });\n`,
    );
  }
  const built = join(places[0].data, 'built');
  const host = owner.use(await startStaticHost(built));
  const allowedOrigins = [new URL(host.url).origin];
  const api = await startApi({
    dataFile: join(places[0].home, 'api.sqlite'),
    serviceCredential,
    allowedOrigins,
    seed: { ...user, roles: ['developer', 'admin'], grants: [{ prefix: '/', environments: ['*'] }] },
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

  const machine = async (place: Workplace): Promise<Machine> => {
    const env = {
      ...process.env,
      CD_PUSH_CONFIG_HOME: place.home,
      CD_PUSH_API_URL: api.url,
      CD_PUSH_RELAY_URL: relay.url,
      CD_PUSH_SYNC_MODE: 'remote',
    };
    const cli: Machine['cli'] = (args, stdin = '') =>
      run([cliFile, ...args], { cwd: place.project, stdin, env });
    expect(await cli(['login', '--user', user.userName], user.password)).toMatchObject({ code: 0 });
    let rest = async (): Promise<void> => undefined;
    return {
      place,
      cli,
      rest: () => rest(),
      watch: async (...args) => {
        const child = spawn(process.execPath, [cliFile, 'watch', '--json', ...args], {
          cwd: place.project,
          env,
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const ended = once(child, 'exit');
        rest = async () => {
          child.kill('SIGINT');
          await ended;
        };
        owner.defer(rest);
        const told: Told[] = [];
        const waiting = new Set<() => void>();
        createInterface(child.stdout).on('line', (line) => {
          told.push(JSON.parse(line) as Told);
          for (const wake of waiting) wake();
        });
        const hears = async (matches: (one: Told) => boolean): Promise<Told> => {
          for (;;) {
            const found = told.find(matches);
            if (found !== undefined) return found;
            const { promise, resolve } = Promise.withResolvers<void>();
            waiting.add(resolve);
            await promise;
            waiting.delete(resolve);
          }
        };
        await hears(({ type }) => type === 'watching');
        return hears;
      },
      read: (path) => readFileSync(join(place.project, path), 'utf8'),
      replace: (path, from, to) => {
        const before = readFileSync(join(place.project, path), 'utf8');
        expect(before).toContain(from);
        writeFileSync(join(place.project, path), before.replace(from, to));
      },
    };
  };
  const one = await machine(places[0]);
  const other = await machine(places[1]);
  expect(await one.cli(['build', '--out', built])).toMatchObject({ code: 0 });
  const invited = await one.cli(['join-code', '--json']);
  const { code } = JSON.parse(invited.lines[0] ?? '') as { code: string };
  const browser = await launchChromium();
  owner.defer(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${host.url}#join=${code}`);
  await page.waitForSelector('[data-more]:not(:empty)');
  await expect
    .poll(async () => (await one.cli(['targets', '--json'])).lines.join(), patient)
    .toContain('"connected":true');
  return { page, one, other };
};

const shown = (page: Page): Promise<string> => page.locator('#counter').innerText();

test('two people edit different parts of a file at once: both files and the page come to the same text', async () => {
  const { page, one, other } = await workedOn();
  const [ada, eve] = [await one.watch('--accept-edits'), await other.watch('--accept-edits')];
  one.replace(template, 'Your name', 'Your name, please');
  other.replace(template, 'What is kept when a file is saved?', 'What stays?');
  await Promise.race([ada, eve].map((hears) => hears(({ type }) => type === 'merged')));
  await expect.poll(() => one.read(template) === other.read(template), patient).toBe(true);
  expect(one.read(template)).toContain('Your name, please');
  expect(one.read(template)).toContain('What stays?');
  await expect.poll(() => shown(page), patient).toContain('What stays?');
  expect(await shown(page)).toContain('Your name, please');
});

test('two people edit the same line: both keep their text, the conflict is shown, and settled it is pushed', async () => {
  const { page, one, other } = await workedOn();
  const [ada, eve] = [await one.watch('--accept-edits'), await other.watch('--accept-edits')];
  one.replace(template, 'Your name', 'Ada’s words');
  other.replace(template, 'Your name', 'Eve’s words');
  const [conflict, loser] = await Promise.race([
    ada(({ type }) => type === 'conflict').then((told) => [told, one] as const),
    eve(({ type }) => type === 'conflict').then((told) => [told, other] as const),
  ]);
  expect(conflict).toMatchObject({ resource: `/hello-shell/${template}`, lines: [{ first: 4, last: 4 }] });
  expect(one.read(template)).toContain('Ada’s words');
  expect(other.read(template)).toContain('Eve’s words');
  const winner = loser === one ? 'Eve’s words' : 'Ada’s words';
  await expect.poll(() => shown(page), patient).toContain(winner);
  const mine = loser === one ? 'Ada’s words' : 'Eve’s words';
  expect(await loser.cli(['resolve', template, '--take', 'ours'])).toMatchObject({ code: 0 });
  await expect.poll(() => shown(page), patient).toContain(mine);
  await expect.poll(() => one.read(template) === other.read(template), patient).toBe(true);
});

/** What a module of the page gets from `import.meta.hot`. */
interface Hot {
  source(resource: string): Promise<string | undefined>;
  save(resource: string, text: string): Promise<{ outcome: string; problem?: { kind: string } }>;
}
declare global {
  var hot: Hot;
}

const editInPage = (page: Page, resource: string, from: string, to: string) =>
  page.evaluate(
    async ([name, before, after]) => {
      const source = await globalThis.hot.source(name);
      if (source === undefined) throw new Error('No source is known.');
      return globalThis.hot.save(name, source.replace(before, after));
    },
    [resource, from, to] as const,
  );

test('what is edited in the page is merged into the file on disk, pushed, and settled', async () => {
  const { page, one } = await workedOn();
  const ada = await one.watch('--accept-edits');
  one.replace('src/greeting.ts', 'stranger', 'friend');
  const first = await ada(({ type }) => type === 'result');
  await expect.poll(() => shown(page), patient).toContain('friend');
  const before = one.read('src/greeting.ts');
  one.replace('src/greeting.ts', 'What the page', 'Whatever the page');
  const edited = before.replace('Hello, ${', 'Welcome, ${');
  const save = (text: string) => globalThis.hot.save('/hello-shell/src/greeting.ts', text);
  const saved = await page.evaluate(save, edited);
  expect(saved).toEqual({ outcome: 'merged' });
  expect(one.read('src/greeting.ts')).toContain('Welcome, ${');
  expect(one.read('src/greeting.ts')).toContain('Whatever the page');
  expect(await ada((told) => told.type === 'result' && told !== first)).toMatchObject({ outcome: 'reached' });
  await expect.poll(() => shown(page), patient).toContain('Welcome,');
});

test('an edit in the page of lines that were changed since: both keep their text, and it is said where and why', async () => {
  const { page, one } = await workedOn();
  const resource = `/hello-shell/${template}`;
  const first = await one.watch('--accept-edits');
  one.replace(template, 'Your name', 'Ada’s words');
  await first(({ type }) => type === 'result');
  await expect.poll(() => shown(page), patient).toContain('Ada’s words');
  await one.rest();
  // Both start from what runs now, and neither hears of the other before.
  const edited = editInPage(page, resource, 'Ada’s words', 'The page’s words');
  one.replace(template, 'Ada’s words', 'Other words');
  const ada = await one.watch('--accept-edits');
  expect(await edited).toMatchObject({
    outcome: 'conflict',
    problem: { kind: 'conflict', resource, detail: expect.stringMatching(/line 4\.$/u) },
  });
  expect(await ada(({ type }) => type === 'edited')).toMatchObject({
    resource,
    outcome: 'conflict',
    problem: { kind: 'conflict' },
  });
  expect(one.read(template)).toContain('Other words');
  expect(one.read(template)).not.toContain('The page’s words');
  // The next save is pushed as it was written, so that nothing of the edit was on its way.
  one.replace(template, 'Other words', 'Last words');
  expect(await ada(({ type }) => type === 'result')).toMatchObject({ outcome: 'reached' });
  await expect.poll(() => shown(page), patient).toContain('Last words');
  const { lines } = await one.cli(['history', template, '--json']);
  const versions = lines.map((line) => JSON.parse(line) as Told).filter(({ type }) => type === 'version');
  expect(versions.map(({ name }) => name)).toEqual(['v2', 'v1']);
  // Who edited goes on from what is there now, and nothing stands in the way.
  const again = editInPage(page, resource, 'Last words', 'The page’s words');
  expect(await again).toEqual({ outcome: 'merged' });
  expect(one.read(template)).toContain('The page’s words');
});

test('an edit in the page of what is no file of the project is refused', async () => {
  const { page, one } = await workedOn();
  await one.watch('--accept-edits');
  const refused = await page.evaluate(() => globalThis.hot.save('/hello-shell/src/none.ts', 'x'));
  expect(refused).toMatchObject({ outcome: 'refused', problem: { kind: 'not-found' } });
});
