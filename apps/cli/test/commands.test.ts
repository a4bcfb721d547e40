import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { connect, Publisher } from '@cd-push/client';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { RunningStack } from '../src/stack/start-stack.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { stackFor } from './support/stack.ts';
import { cli, makeWorkshop, type Run, type Workshop } from './support/workshop.ts';

const tag = '<script type="module" src="/cd-push/boot.js"></script>\n';
let workshop: Workshop;
let stack: RunningStack & AsyncDisposable;
let runtime: FakeRuntime;

beforeAll(async () => {
  workshop = makeWorkshop({
    'package.json': '{"name":"shop"}',
    'index.html': tag,
    'src/main.ts': "import { a } from './a.ts';\nexport const b: number = a;\n",
    'src/a.ts': 'export const a = 1;\n',
    'src/page.html': '<p>hello</p>\n',
  });
  stack = await stackFor(workshop);
  runtime = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'till' });
});
afterAll(async () => {
  runtime.close();
  await stack.close();
  workshop[Symbol.dispose]();
});

const run = (...args: string[]): Promise<Run> => cli(args, { cwd: workshop.root, env: workshop.env });

test('targets lists who would be reached', async () => {
  const { code, stdout } = await run('targets');
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^${runtime.guid.slice(0, 8)}#\\w+ +till +node +connected$`, 'mu'));
  const { json } = await run('targets', '--json');
  expect(json).toMatchObject([
    { relay: 'local', module: 'shop', environment: 'development', connected: true, kind: 'node' },
  ]);
});

test('targets of another environment are none, and the way to all is told', async () => {
  const { code, stdout, stderr } = await run('targets', '--environment=production');
  expect([code, stdout]).toEqual([0, '']);
  expect(stderr).toContain('cd-cli targets --all');
});

test('track tells of a push that has been made, at each recipient', async () => {
  const pushed = await run('push', 'runtime', 'src/page.html', '--json');
  const { pushGuid = '' } = pushed.json.at(-1)!;
  const { code, json } = await run('track', pushGuid, '--json');
  expect(code).toBe(0);
  expect(json).toMatchObject([
    { pushGuid, outcome: 'completed', trigger: 'cli', recipients: [{ stage: 'completed' }] },
  ]);
  const { stdout } = await run('track', pushGuid.slice(0, 8));
  expect(stdout).toMatch(/^completed +\w{8} +cli by developer/u);
  expect(stdout).toMatch(/^✓ \d+ ms +node till#/mu);
});

test('what targets and a push show of a runtime names it in --target', async () => {
  const { json } = await run('targets', '--json');
  const [guid = '', instance = ''] = String(json[0]!.recipient).split('#');
  const short = instance.slice(0, 6);
  const names = [guid, guid.slice(0, 8), `${guid}#${instance}`, `${guid.slice(0, 8)}#${short}`, `#${short}`];
  for (const name of [...names, 'till', `till#${short}`, `node till#${short}`]) {
    const pushed = await run('push', 'src/page.html', '--target', name, '--json');
    expect(`${name} ${pushed.code}`).toBe(`${name} 0`);
    expect(pushed.json.at(-1)!.recipients).toMatchObject([{ recipient: expect.stringContaining(guid) }]);
  }
  const nobody = await run('push', 'src/page.html', '--target', '#ffffffff');
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('cd-cli targets') });
});

test('track of a failed push exits 3', async () => {
  runtime.behave('fail');
  const pushed = await run('push', 'runtime', 'src/page.html', '--json');
  runtime.behave('complete');
  expect((await run('track', pushed.json.at(-1)!.pushGuid!)).code).toBe(3);
});

test('track of an unknown push exits 1, and of no guid 2', async () => {
  expect((await run('track', '00000000-0000-4000-8000-000000000000')).code).toBe(1);
  expect((await run('track', 'latest')).code).toBe(2);
});

test('notify and run go the same way, signed and tracked', async () => {
  runtime.behave('complete');
  const notice = await run('notify', 'back', 'soon', '--wait=relayed', '--json');
  expect(notice.stderr).toContain('relayed the notice');
  expect(notice.code).toBe(0);
  const operation = await run('run', 'set-theme', '{"dark":true}', '--wait=relayed');
  expect(operation.code).toBe(0);
  expect((await run('run', 'set-theme', '{dark}')).code).toBe(2);
});

test('join-code prints the code alone on stdout, and a runtime joins by it', async () => {
  const { code, stdout, stderr } = await run('join-code', '--label', 'floor=3', '--ttl', '5m');
  expect(code).toBe(0);
  expect(stderr).toMatch(/One runtime of shop in development .* until \S+T\S+Z, 5 minutes from now/u);
  const { apiUrl, relayUrl, pageUrl } = stack.state;
  expect(stderr).toContain(`CD_PUSH_JOIN_CODE=${stdout.trim()} \\\n    npx cd-node-runtime`);
  expect(stderr).toContain(`--api ${apiUrl} --relay ${relayUrl}`);
  expect(stderr).toContain(`--base ${pageUrl} --entry /shop/src/main.ts`);
  expect(stderr).toContain(`${pageUrl}#join=${stdout.trim()}`);
  const other = await startFakeRuntime(stack.state, stdout.trim());
  const { json } = await run('push', 'runtime', 'src/page.html', '--label', 'floor=3', '--json');
  other.close();
  expect(json.at(-1)!.recipients).toMatchObject([{ recipient: expect.stringContaining(other.guid) }]);
  await expect(startFakeRuntime(stack.state, stdout.trim())).rejects.toThrow();
});

test('a push on a head that another sender has moved meanwhile is a conflict: 6, with what is in place', async () => {
  const connection = connect({ relayUrl: stack.state.relayUrl, session: stack.session });
  const publisher = new Publisher({ connection, session: stack.session });
  const patch = (content: string) =>
    ({ change: 'put', resource: '/shop/src/page.html', componentType: 'template', content }) as const;
  const delivery = { environment: 'development', targets: [{ select: { module: 'shop' } }] };
  await publisher.prepare('development', ['/shop/src/page.html']);
  workshop.write('src/page.html', '<p>theirs</p>\n');
  // One of those who joined above is away.
  expect((await run('push', 'runtime', 'src/page.html', '--wait=relayed')).code).toBe(0);
  const stale = await publisher.push({ ...delivery, patches: [patch('<p>mine</p>')] }).accepted;
  expect(stale).toMatchObject({
    status: false,
    error: { kind: 'conflict', current: { digest: expect.stringMatching(/^sha256-/u) } },
  });
  // Having been told, the next push builds on what is there.
  const next = await publisher.push({ ...delivery, patches: [patch('<p>merged</p>')] }).accepted;
  expect(next.status).toBe(true);
  publisher.close();
  connection.close();
});

test('a folder that does not exist is a usage error, whatever project is around it', async () => {
  for (const command of [['up'], ['watch'], ['build', '--out', 'dist']]) {
    const { code, stderr } = await run(...command, 'nowhere');
    expect(code).toBe(2);
    expect(stderr).toContain(join(workshop.root, 'nowhere'));
  }
});

test('build writes what any static host can serve, the manifest last', async () => {
  workshop.write('index.html', '<p>a page that starts nothing</p>\n');
  const { code, json } = await run('build', '.', '--out', 'dist', '--json');
  expect(code).toBe(0);
  const manifest = JSON.parse(readFileSync(join(workshop.root, 'dist/cd-push.base.json'), 'utf8')) as {
    base: string;
    resources: Record<string, { url: string; type: string }>;
  };
  expect(json).toMatchObject([{ base: manifest.base, resources: 4, page: null }]);
  expect(existsSync(join(workshop.root, 'dist/cd-push'))).toBe(false);
  for (const { url } of Object.values(manifest.resources))
    expect(existsSync(join(workshop.root, 'dist', url))).toBe(true);
  const main = manifest.resources['/shop/src/main.ts']!;
  const code1 = readFileSync(join(workshop.root, 'dist', main.url), 'utf8');
  expect(code1).toContain('"./a.ts":"/shop/src/a.ts"');
  const [, map = ''] = /sourceMappingURL=(\S+)/u.exec(code1) ?? [];
  expect(existsSync(join(workshop.root, 'dist/_cd', map))).toBe(true);
  // A second build does not build the first.
  await run('build', '.', '--out', 'dist');
  expect(existsSync(join(workshop.root, 'dist/dist'))).toBe(false);
  workshop.write('index.html', tag);
});

test('a page with the tag is built with what it starts with, and no join code', async () => {
  const folder = join(workshop.home, 'built');
  const built = (path: string): string => readFileSync(join(folder, path), 'utf8');
  const build = (...flags: string[]) => run('build', '.', '--out', folder, ...flags);
  workshop.write('index.html', tag);
  const { apiUrl, relayUrl } = stack.state;
  const nowhere = await build();
  expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('--api-url') });
  const installed = 'node_modules/@cd-push/shell-runtime';
  workshop.write(`${installed}/package.json`, '{"name":"@cd-push/shell-runtime"}');
  const bare = await build('--api-url', apiUrl);
  expect(bare).toMatchObject({ code: 1, stderr: expect.stringContaining('@cd-push/shell-runtime') });
  expect(existsSync(folder)).toBe(false);

  workshop.write(`${installed}/dist/page/runtime.js`, 'export const startRuntime = 1;');
  const { code, json } = await build('--json', '--api-url', apiUrl);
  expect(code).toBe(0);
  // The relay is the one that the api names.
  const page = { module: 'shop', environment: 'development', entry: '/shop/src/main.ts' };
  const facts = { apiUrl, relayUrl, baseUrl: '../', ...page };
  expect(json).toMatchObject([{ page: facts }]);
  expect(JSON.parse(built('cd-push/boot.json'))).toEqual(facts);
  expect(built('cd-push/runtime.js')).toContain('startRuntime');
  // The page that is built starts as the page of `up` does.
  const served = await fetch(new URL('/cd-push/boot.js', stack.state.pageUrl));
  expect(built('cd-push/boot.js')).toBe(await served.text());
  const missing = await build('--api-url', apiUrl, '--entry', 'src/none.ts');
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('/shop/src/none.ts') });
});

test('the page, its files and what it starts with are served as they are on the disk, and nothing else', async () => {
  const { pageUrl } = stack.state;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(new URL(path, pageUrl), { headers });
  expect(await (await get('/')).text()).toContain('/cd-push/boot.js');
  workshop.write('src/page.html', '<p>changed</p>\n');
  await expect.poll(async () => (await get('/src/page.html')).text()).toBe('<p>changed</p>\n');
  const boot = (await (await get('/cd-push/boot.json')).json()) as Record<string, string>;
  expect(boot).toMatchObject({
    module: 'shop',
    entry: '/shop/src/main.ts',
    baseUrl: '/',
    apiUrl: stack.state.apiUrl,
  });
  const manifest = (await (await get('/cd-push.base.json')).json()) as {
    resources: Record<string, { url: string }>;
  };
  const code = await get(manifest.resources['/shop/src/a.ts']!.url);
  expect(code.headers.get('content-type')).toContain('text/javascript');
  expect(code.headers.get('cache-control')).toContain('immutable');
  for (const hidden of [
    '/package.json',
    '/.cd-push/identity.json',
    '/..%2f..%2fetc%2fpasswd',
    '/src',
    '/.git/config',
    '/node_modules/x',
  ]) {
    expect(`${hidden} ${(await get(hidden)).status}`).toBe(`${hidden} 404`);
  }
  const etag = (await get('/src/main.ts')).headers.get('etag');
  expect(etag).toBe(null);
  const page = await get('/src/page.html');
  expect((await get('/src/page.html', { 'if-none-match': page.headers.get('etag')! })).status).toBe(304);
});

test('completion scripts ask the program, and it answers with commands, flags and values', async () => {
  for (const shell of ['bash', 'zsh', 'fish'])
    expect((await run('completion', shell)).stdout).toContain('cd-cli completions');
  expect((await run('completion', 'tcsh')).code).toBe(2);
  expect((await run('completions', '--', 'pu')).stdout).toMatch(/^push\t/u);
  for (const name of [
    'observe',
    'history',
    'diff',
    'rollback',
    'resolve',
    'retry',
    'replay',
    'policy',
    'audit',
  ])
    expect((await run('completions', '--', name.slice(0, 3))).stdout).toContain(`${name}\t`);
  expect((await run('completions', '--', 'audit', '')).stdout).toMatch(/^export\t.*\nverify\t.*\nheads\t/u);
  expect((await run('completions', '--', 'policy', 'set', '--mode', '')).stdout).toMatch(/^local\t/u);
  expect((await run('completions', '--', 'push', 'runtime', '--wait', '')).stdout).toMatch(
    /^relayed\t.*\ndelivered\t.*\ncompleted\t/u,
  );
});

test.each([
  [],
  ...['up', 'watch', 'push', 'track', 'targets', 'notify', 'run'].map((name) => [name]),
  ...['login', 'logout', 'join-code', 'build', 'config', 'completion'].map((name) => [name]),
  ...['history', 'diff', 'rollback', 'observe', 'resolve', 'retry', 'replay', 'policy', 'audit'].map(
    (name) => [name],
  ),
  ...['export', 'verify', 'heads'].map((name) => ['audit', name]),
  ['policy', 'set'],
  ['targets', 'remove'],
])('help is no wider than a terminal: %s', async (...command) => {
  const { stdout } = await run(...command, '--help');
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test('a mistyped command or flag exits 2 and offers the nearest', async () => {
  const command = await run('psh');
  expect(command.code).toBe(2);
  expect(command.stderr).toContain('push');
  const flag = await run('push', 'runtime', '--wiat=relayed');
  expect(flag.code).toBe(2);
  expect(flag.stderr).toContain('--wait');
});
