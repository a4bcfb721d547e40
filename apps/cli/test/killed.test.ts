import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { startApi, type RunningApi } from '@cd-push/api';
import { makeJoinCode, restoreSession } from '@cd-push/client';
import { silentLog, startRelay, type Relay } from '@cd-push/relay';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { credentialFolder } from '../src/credentials/config-folder.ts';
import { credentialFiles } from '../src/credentials/credential-files.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { startSwallowingProxy, type SwallowingProxy } from './support/swallowing-proxy.ts';
import { cli, makeWorkshop, type Workshop } from './support/workshop.ts';

const program = join(import.meta.dirname, '../dist/main.js');
const service = { id: 'relay', secret: 'a service secret of more than 32 characters' };
/** Nothing makes it small on its way. */
const page = `<p>${randomBytes(150_000).toString('base64')}</p>\n`;

let workshop: Workshop;
let api: RunningApi;
let relay: Relay;
let proxy: SwallowingProxy;
let runtime: FakeRuntime;
let processes: ChildProcess[];

beforeEach(async () => {
  processes = [];
  workshop = makeWorkshop({
    'package.json': '{"name":"shop"}',
    'src/page.html': page,
    'src/other.html': '<p>other</p>\n',
  });
  proxy = await startSwallowingProxy(() => relay.url);
  api = await startApi({
    dataFile: join(workshop.home, 'api.sqlite'),
    serviceCredential: service,
    seed: {
      userName: 'ada',
      password: 'correct horse battery',
      roles: ['developer', 'admin'],
      grants: [{ prefix: '/', environments: ['*'] }],
    },
    relayUrl: proxy.url,
    logLevel: 'silent',
  });
  relay = await startRelay({
    port: 0,
    apiUrl: api.url,
    serviceCredential: service,
    allowedOrigins: [],
    allowedHosts: [new URL(proxy.url).host],
    journal: { kind: 'memory' },
    logger: silentLog,
  });
  workshop.write(
    'cd-push.config.ts',
    `export default { syncMode: 'remote', relays: { remote: '${api.url}' } };`,
  );
  const place = { cwd: workshop.root, env: workshop.env };
  const login = await cli(['login', '--user', 'ada'], { ...place, stdin: 'correct horse battery' });
  if (login.code !== 0) throw new Error(login.stderr);
  const folder = credentials();
  const session = (await restoreSession(credentialFiles(folder)))!;
  const { code } = await makeJoinCode(session, { module: 'shop', environment: 'development' });
  runtime = await startFakeRuntime({ apiUrl: api.url, relayUrl: relay.url }, code);
});
afterEach(async () => {
  for (const child of processes) child.kill('SIGKILL');
  runtime.close();
  await proxy[Symbol.asyncDispose]();
  await relay.close();
  await api.close();
  workshop[Symbol.dispose]();
});

const credentials = (): string => credentialFolder(workshop.env, api.url);

/** Names of the pushes that the outbox holds. */
const kept = (): string[] => {
  const outbox = join(credentials(), 'outbox');
  return existsSync(outbox)
    ? readdirSync(outbox, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
    : [];
};

/** The built program, as a process of its own. */
const start = (...args: string[]): ChildProcess => {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: workshop.root,
    env: { ...process.env, ...workshop.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.push(child);

  return child;
};

const kill = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  await once(child, 'exit');
};

const contentsOf = (): unknown[] =>
  runtime.received.map(({ contents: [content] }) => (content?.kind === 'text' ? content.text : content));

test('[OUTBOX-7] killed between send and acknowledgement: the next run finds it accepted, and it took effect once', async () => {
  proxy.swallows = 'the answer';
  const first = start('push', 'runtime', 'src/page.html');
  await runtime.has(1);
  await kill(first);
  expect(kept()).toHaveLength(1);
  proxy.swallows = 'nothing';
  const second = start('push', 'runtime', 'src/other.html', '--wait=completed');
  const talk = await text(second.stderr!);
  expect(talk).toMatch(/left unanswered, had been accepted/u);
  expect(contentsOf()).toEqual([page, '<p>other</p>\n']);
  expect(kept()).toEqual([]);
});

test('[OUTBOX-7] killed before the relay had it: the next run sends it, before what it pushes itself', async () => {
  proxy.swallows = 'the push';
  const first = start('push', 'runtime', 'src/page.html');
  await proxy.pushed();
  await kill(first);
  expect(runtime.received).toEqual([]);
  expect(kept()).toHaveLength(1);
  proxy.swallows = 'nothing';
  workshop.write('src/page.html', '<p>later</p>\n');
  const second = start('push', 'runtime', 'src/page.html', '--wait=completed');
  const talk = await text(second.stderr!);
  expect(talk).toMatch(/left unanswered, is accepted now/u);
  expect(contentsOf()).toEqual([page, '<p>later</p>\n']);
  expect(kept()).toEqual([]);
});

test('a push that is not answered in time ends with 4 and is kept; the next run says as data, too, what came of it', async () => {
  const place = { cwd: workshop.root, env: workshop.env };
  proxy.swallows = 'the answer';
  const { code, json, stderr } = await cli(['push', 'src/page.html', '--json', '--timeout=500ms'], place);
  expect(code).toBe(4);
  expect(stderr).toContain('the relay has not answered');
  expect(json.at(-1)).toMatchObject({ outcome: 'timeout', advice: expect.stringContaining('is kept here') });
  proxy.swallows = 'nothing';
  const next = await cli(['push', 'src/other.html', '--json'], place);
  expect(next.code).toBe(0);
  const { pushGuid } = json.at(-1)!;
  expect(next.json).toContainEqual(
    expect.objectContaining({ type: 'resent', relay: 'remote', pushGuid, accepted: true, duplicate: true }),
  );
  expect(kept()).toEqual([]);
});

test('[OUTBOX-7] two programs on one outbox: what a living one holds is not sent by the other', async () => {
  proxy.swallows = 'the answer';
  const first = start('push', 'runtime', 'src/page.html');
  await runtime.has(1);
  proxy.swallows = 'nothing';
  const second = start('push', 'runtime', 'src/other.html', '--wait=completed');
  expect(await text(second.stderr!)).not.toContain('left unanswered');
  expect(kept()).toHaveLength(1);
  await kill(first);
  expect(contentsOf()).toEqual([page, '<p>other</p>\n']);
});
