import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startApi, type RunningApi } from '@cd-push/api';
import { makeJoinCode, restoreSession } from '@cd-push/client';
import { silentLog, startRelay, type Relay } from '@cd-push/relay';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { credentialFolder } from '../src/credentials/config-folder.ts';
import { credentialFiles } from '../src/credentials/credential-files.ts';
import { freePort } from '../src/stack/free-port.ts';
import { startFakeRuntime } from './support/fake-runtime.ts';
import { startWatch, type Watching } from './support/watching.ts';
import { cli, makeWorkshop, type Workshop } from './support/workshop.ts';

const service = { id: 'relay', secret: 'a service secret of more than 32 characters' };
let workshop: Workshop;
let api: RunningApi;
let relay: Relay;
let watching: Watching | undefined;

beforeEach(async () => {
  workshop = makeWorkshop({ 'package.json': '{"name":"shop"}', 'src/page.html': '<p>1</p>\n' });
  const port = await freePort(0);
  api = await startApi({
    dataFile: join(workshop.home, 'api.sqlite'),
    serviceCredential: service,
    seed: {
      userName: 'ada',
      password: 'correct horse battery',
      roles: ['developer', 'admin'],
      grants: [{ prefix: '/', environments: ['*'] }],
    },
    relayUrl: `http://127.0.0.1:${port}`,
    logLevel: 'silent',
  });
  relay = await relayAt(port);
  workshop.write(
    'cd-push.config.ts',
    `export default { syncMode: 'remote', relays: { remote: '${api.url}' } };`,
  );
  const login = await cli(['login', '--user', 'ada'], { ...place(), stdin: 'correct horse battery' });
  if (login.code !== 0) throw new Error(login.stderr);
});
afterEach(async () => {
  await watching?.stop();
  watching = undefined;
  await relay.close();
  await api.close();
  workshop[Symbol.dispose]();
});

const place = () => ({ cwd: workshop.root, env: workshop.env });

const relayAt = (port: number): Promise<Relay> =>
  startRelay({
    port,
    apiUrl: api.url,
    serviceCredential: service,
    allowedOrigins: [],
    journal: { kind: 'memory' },
    logger: silentLog,
  });

const sessionOf = async () => {
  const folder = credentialFolder(workshop.env, api.url);
  return (await restoreSession(credentialFiles(folder)))!;
};

test('what is saved while the relay is away is sent when it is back', async () => {
  const { code } = await makeJoinCode(await sessionOf(), { module: 'shop', environment: 'development' });
  const runtime = await startFakeRuntime({ apiUrl: api.url, relayUrl: relay.url }, code);
  watching = await startWatch(workshop);
  const port = Number(new URL(relay.url).port);
  await relay.close();
  await watching.talk(/^warning The relay is away/u);
  writeFileSync(join(workshop.root, 'src/page.html'), '<p>2</p>\n');
  relay = await relayAt(port);
  await watching.talk(/^The relay is back/u);
  await runtime.has(1);
  expect(runtime.received.at(-1)!.contents[0]).toMatchObject({ text: '<p>2</p>\n' });
  runtime.close();
});

test('a push that the relay forgot when it was restarted ends with 3, and does not wait for ever', async () => {
  const { code: joinCode } = await makeJoinCode(await sessionOf(), {
    module: 'shop',
    environment: 'development',
  });
  const runtime = await startFakeRuntime({ apiUrl: api.url, relayUrl: relay.url }, joinCode);
  runtime.behave('silent');
  const relayed = Promise.withResolvers<void>();
  const args = ['push', 'runtime', 'src/page.html', '--json', '--timeout=10m'];
  const push = cli(args, { ...place(), onLine: () => relayed.resolve() });
  await relayed.promise;
  const port = Number(new URL(relay.url).port);
  await relay.close();
  relay = await relayAt(port);
  const { code, json, stderr } = await push;
  expect(code).toBe(3);
  expect(json.at(-1)).toMatchObject({
    outcome: 'partial',
    recipients: [{ stage: 'failed', problem: { kind: 'not-found' } }],
  });
  expect(stderr).toContain('not-found');
  runtime.close();
});

test('a session that was ended elsewhere ends the watching with 5, and says how to sign in', async () => {
  watching = await startWatch(workshop);
  expect((await cli(['logout'], place())).code).toBe(0);
  const { code, stderr } = await watching.run;
  expect(code).toBe(5);
  expect(stderr).toContain('cd-cli login');
});

test('a relay that cannot be reached fails a push at once, and says what to look at', async () => {
  await relay.close();
  const { code, stderr } = await cli(['push', 'runtime'], place());
  expect(code).toBe(1);
  expect(stderr).toContain('unavailable');
  expect(stderr).toContain('cd-cli config');
});
