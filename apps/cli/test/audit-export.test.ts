import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import { silentLog, startRelay } from '@cd-push/relay';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { RunningStack } from '../src/stack/start-stack.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { stackFor } from './support/stack.ts';
import { startWatch } from './support/watching.ts';
import { cli, makeWorkshop, type Run, type RunOptions, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
let stack: RunningStack & AsyncDisposable;
let till: FakeRuntime;
let pushGuid: string;

beforeAll(async () => {
  workshop = makeWorkshop({ 'package.json': '{"name":"shop"}', 'src/page.html': '<p>1</p>\n' });
  stack = await stackFor(workshop);
  till = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'till' });
  const { json } = await run(['push', 'src/page.html', '--json']);
  pushGuid = json.at(-1)!.pushGuid!;
  await run(['push', 'src/page.html', '--environment', 'nowhere']);
});
afterAll(async () => {
  till.close();
  await stack.close();
  workshop[Symbol.dispose]();
});

const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Run> =>
  cli(args, { cwd: workshop.root, env: workshop.env, ...options });

const file = (name: string): string => join(workshop.home, name);

interface Row {
  readonly node: string;
  readonly event: string;
  readonly outcome: string;
  readonly pushGuid?: string;
  readonly who: { readonly subject: string } | null;
}

const rowsOf = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{"head":'))
    .map((line) => JSON.parse(line) as Row);

test('an export holds what api and relay wrote, of their owner alone, and is proven right away', async () => {
  const path = file('audit.jsonl');
  const exported = await run(['audit', 'export', path, '--json']);
  expect(exported.stderr).toContain('cd-cli audit verify');
  expect(exported.code).toBe(0);
  expect(statSync(path).mode & 0o077).toBe(0);
  const rows = rowsOf(readFileSync(path, 'utf8'));
  expect(exported.json).toMatchObject([{ type: 'exported', file: path, rows: rows.length }]);
  const events = rows.map(({ node, event }) => `${node.split('-')[0]} ${event}`);
  for (const event of [
    'api opened',
    'api login',
    'relay opened',
    'relay accepted',
    'relay completed',
    'relay refused',
  ])
    expect(events).toContain(event);
  const accepted = rows.find((row) => row.event === 'accepted')!;
  expect(accepted).toMatchObject({ pushGuid, outcome: 'ok', who: { subject: expect.any(String) } });
  const { code, stdout } = await run(['audit', 'verify', path]);
  expect(stdout).toMatch(/proven/u);
  expect(code).toBe(0);
});

test.each([
  ['edited', (lines: string[]) => lines.with(3, lines[3]!.replace(/"at":\d/u, '"at":9'))],
  ['deleted', (lines: string[]) => lines.toSpliced(2, 1)],
  ['reordered', (lines: string[]) => lines.with(2, lines[3]!).with(3, lines[2]!)],
  [
    'truncated',
    (lines: string[]) => {
      const end = lines.findLastIndex((line) => line.startsWith('{"v":1'));
      return lines.toSpliced(end, 1);
    },
  ],
] as const)('what is done to an export is named: %s', async (kind, change) => {
  const path = file(`${kind}.jsonl`);
  await run(['audit', 'export', path]);
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.findIndex((line) => line.startsWith('{"head":'))).toBeGreaterThan(6);
  const changed = file(`${kind}-changed.jsonl`);
  writeFileSync(changed, change(lines).join('\n'));
  const { code, json } = await run(['audit', 'verify', changed, '--json']);
  expect(json.map(({ kind: found }) => found)).toContain(kind);
  expect(code).toBe(1);
});

test('where nothing of it was ever seen, an export is unproven, until it is held against heads from elsewhere', async () => {
  const path = file('elsewhere.jsonl');
  await run(['audit', 'export', path]);
  const heads = file('heads.jsonl');
  writeFileSync(heads, (await run(['audit', 'heads', '--json'])).stdout);
  const keys = file('issuer.json');
  writeFileSync(keys, await (await fetch(`${stack.state.apiUrl}/.well-known/cd-push`)).text());
  const env = { ...workshop.env, XDG_CONFIG_HOME: file('another-home') };
  expect((await run(['audit', 'verify', path], { env })).code).toBe(7);
  const held = await run(['audit', 'verify', path, '--head', heads, '--issuer-keys', keys], { env });
  expect(held).toMatchObject({ code: 0, stdout: expect.stringContaining('proven') });
});

test('an export that is there is not overwritten, and one that breaks off leaves nothing', async () => {
  const path = file('once.jsonl');
  writeFileSync(path, 'mine');
  expect(await run(['audit', 'export', path])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('next'),
  });
  expect(readFileSync(path, 'utf8')).toBe('mine');
  const nowhere = file('no/such/folder.jsonl');
  expect(await run(['audit', 'export', nowhere])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('next'),
  });
  expect(existsSync(nowhere)).toBe(false);
});

test('an export into the project that is watched is neither pushed nor served, nor is its draft', async () => {
  const watching = await startWatch(workshop);
  await run(['audit', 'export', 'audit.jsonl']);
  const before = till.received.length;
  workshop.write('src/page.html', '<p>2</p>\n');
  await till.has(before + 1);
  await watching.stop();
  expect(readFileSync(join(workshop.root, 'audit.jsonl'), 'utf8')).toContain('"opened"');
  const pushed = till.received.flatMap(({ statement }) =>
    statement.kind === 'patch' ? statement.patches.map(({ resource }) => resource) : [],
  );
  expect(pushed.filter((resource) => resource.includes('audit'))).toEqual([]);
  const manifest = await fetch(new URL('cd-push.base.json', stack.state.pageUrl));
  expect(Object.keys(((await manifest.json()) as { resources: object }).resources)).toEqual([
    '/shop/src/page.html',
  ]);
});

test('without a file the rows go to whoever reads, and to no terminal', async () => {
  const { code, stdout } = await run(['audit', 'export']);
  expect(code).toBe(0);
  expect(rowsOf(stdout).length).toBeGreaterThan(4);
  expect((await run(['audit', 'export'], { isTTY: true })).code).toBe(2);
  expect((await run(['audit', 'export', '--json'])).code).toBe(2);
});

test('whoever is no admin gets no export, and is told who does', async () => {
  const service = { id: 'relay', secret: 'a service secret of more than 32 characters' };
  const password = 'correct horse battery';
  const seed = { userName: 'eve', password, roles: ['developer' as const], grants: [] };
  const api = await startApi({ dataFile: ':memory:', serviceCredential: service, seed, logLevel: 'silent' });
  const relay = await startRelay({
    port: 0,
    apiUrl: api.url,
    serviceCredential: service,
    allowedOrigins: [],
    journal: { kind: 'memory' },
    logger: silentLog,
  });
  const env = { ...workshop.env, CD_PUSH_API_URL: api.url, CD_PUSH_RELAY_URL: relay.url };
  await run(['login', api.url, '--user', 'eve'], { env, stdin: password });
  const path = file('eve.jsonl');
  const { code, stderr } = await run(['audit', 'export', path, '--mode', 'remote'], { env });
  await relay.close();
  await api.close();
  expect(stderr).toContain('for admins');
  expect(code).toBe(1);
  expect(existsSync(path)).toBe(false);
});
