import { hkdfSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import { login as signIn, syncOnce } from '@cd-push/client';
import { startRelay, type Facts, type Log } from '@cd-push/relay';
import { append, cryptoPlatform, makeGenesis, MemorySpace } from '@cd-push/timeline';
import { expect, onTestFinished, test, vi } from 'vitest';

import { startFakeRuntime } from './support/fake-runtime.ts';
import { startRecordingProxy } from './support/recording-proxy.ts';
import { cli, makeWorkshop } from './support/workshop.ts';

const password = 'PASSWORD-that-is-nowhere-else';
const serviceCredential = { id: 'relay', secret: 'SERVICE-secret-of-forty-characters-or-so' };

/** Every seed and every private key that is made in this process. */
const watchSecrets = () => {
  const made: { name: string; value: string }[] = [];
  const seeds: Uint8Array[] = [];
  const random = globalThis.crypto.getRandomValues.bind(globalThis.crypto);
  vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    const filled = random(array);
    if (array instanceof Uint8Array && new Error().stack?.includes('newSeed') === true) {
      seeds.push(array);
      for (const encoding of ['base64url', 'base64', 'hex', 'latin1'] as const)
        made.push({ name: `a session’s seed as ${encoding}`, value: Buffer.from(array).toString(encoding) });
    }
    return filled;
  });
  const generate = cryptoPlatform.generatePrivateKey.bind(cryptoPlatform);
  vi.spyOn(cryptoPlatform, 'generatePrivateKey').mockImplementation(async () => {
    const { stack } = new Error();
    const key = await generate();
    // The issuer's own is kept by the api, which is what its database is guarded for.
    if (stack?.includes('ssuer.') === true) return key;
    made.push({ name: 'a private key', value: key.d });
    return key;
  });
  onTestFinished(() => void vi.restoreAllMocks());
  return { made, seeds };
};

/** As many of a session's values as its pool has, and how many of them a relay demands. */
const pooled = 32;
const demanded = 4;
/** What a session keeps for challenges, as of its specification. */
const poolOf = (seed: Uint8Array, nonce: string): string[] =>
  Array.from({ length: pooled }, (_, id) =>
    Buffer.from(
      hkdfSync('sha256', seed, `cd-push/session/1\n${nonce}`, `challenge\nconnect\n${id}`, 32),
    ).toString('base64url'),
  );

const filesIn = (folder: string): string =>
  readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');

/** A log that keeps everything that it is told, as it is told. */
const keepingLog = (lines: string[]): Log => {
  const keep = (facts: Facts, message: string): void => void lines.push(JSON.stringify([facts, message]));
  return { debug: keep, info: keep, warn: keep, error: keep };
};

test('[SECRET-4] no password, join code, token, seed, key or value that was not demanded is in a log, a row, a URL or a frame', async () => {
  const { made, seeds } = watchSecrets();
  using workshop = makeWorkshop({
    'package.json': '{"name":"shop"}',
    'src/page.html': '<p>one</p>\n',
    'src/broken.ts': 'export const = ;\n',
  });
  const logged: string[] = [];
  const data = join(workshop.home, 'data');
  mkdirSync(data);
  let running = { api: '', relay: '' };
  await using apiProxy = await startRecordingProxy(() => running.api);
  await using relayProxy = await startRecordingProxy(() => running.relay);
  const api = await startApi({
    dataFile: join(data, 'api.sqlite'),
    serviceCredential,
    seed: {
      userName: 'ada',
      password,
      roles: ['developer', 'admin'],
      grants: [{ prefix: '/shop', environments: ['development'] }],
    },
    logLevel: 'trace',
    logStream: { write: (line) => void logged.push(line) },
    allowedHosts: [new URL(apiProxy.url).host],
  });
  const relay = await startRelay({
    port: 0,
    allowedOrigins: [],
    allowedHosts: [new URL(relayProxy.url).host],
    apiUrl: api.url,
    serviceCredential,
    journal: { kind: 'sqlite', file: join(data, 'journal.sqlite') },
    logger: keepingLog(logged),
  });
  running = { api: api.url, relay: relay.url };
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await relay.close();
    await api.close();
  };
  onTestFinished(close);

  const printed: string[] = [];
  const run = async (args: string[], stdin?: string) => {
    const done = await cli(args, {
      cwd: workshop.root,
      env: { ...workshop.env, CD_PUSH_API_URL: apiProxy.url, CD_PUSH_RELAY_URL: relayProxy.url },
      ...(stdin === undefined ? {} : { stdin }),
    });
    printed.push(done.stdout, done.stderr);
    return done;
  };
  expect((await run(['login', apiProxy.url, '--user', 'ada'], 'WRONG-password\n')).code).not.toBe(0);
  const login = await run(['login', apiProxy.url, '--user', 'ada'], `${password}\n`);
  expect([login.code, login.stderr]).toEqual([0, expect.stringContaining('Signed in')]);

  // What a person asked for is shown to that person alone, and once.
  const code = await cli(['join-code', '--mode=remote', '--json'], {
    cwd: workshop.root,
    env: { ...workshop.env, CD_PUSH_API_URL: apiProxy.url, CD_PUSH_RELAY_URL: relayProxy.url },
  });
  const joinCode = /"code":"([^"]+)"/u.exec(code.stdout)?.[1] ?? '';
  const runtime = await startFakeRuntime({ apiUrl: apiProxy.url, relayUrl: relayProxy.url }, joinCode);
  onTestFinished(() => runtime.close());
  const mode = '--mode=remote';
  for (const [args, stdin] of [
    [['push', 'runtime', 'src/page.html', mode, '--wait=completed']],
    [['push', 'runtime', 'src/broken.ts', mode]],
    [['push', 'runtime', 'src/page.html', mode, '--targets=nowhere']],
    [['push', '--stdin', '--resource', '/bank/x.ts', mode], 'export const x = 1;'],
    [['push', 'runtime', 'src/page.html', mode, '--propose']],
    [['proposals', mode]],
    [['history', mode]],
    [['history', 'src/page.html', mode]],
    [['targets', mode]],
    [['policy', 'set', 'fake', '--hold', mode]],
    [['track', 'no-such-guid', mode]],
    [['audit', 'export', join(workshop.home, 'audit.ndjson'), mode]],
    [['identity', 'rotate', mode]],
    [['targets', mode]],
    [['identity', 'show', mode]],
    [['logout', apiProxy.url]],
  ] as const) {
    await run([...args], stdin);
  }
  const session = await signIn({ apiUrl: apiProxy.url, userName: 'ada', password });
  const space = new MemorySpace();
  const origin = { tenant: 'default', environment: 'development', resource: '/shop/src/synced.ts' };
  const genesis = await makeGenesis(origin);
  const frame = await append(genesis, { data: { n: 1 } });
  const timeline = genesis.address;
  space.commit({ objects: [genesis, frame], swaps: [{ timeline, from: undefined, to: frame.address }] });
  await syncOnce({ relayUrl: relayProxy.url, session, space, wanted: { timelines: [timeline] } });
  expect(runtime.received.length).toBeGreaterThan(0);
  runtime.close();
  await close();

  const fromApi = apiProxy.said();
  const tokens = [...fromApi.matchAll(/"(?:jwtToken|token)":"(eyJ[^"]+)"/gu)].map(([, token]) => token ?? '');
  const nonces = [...fromApi.matchAll(/"nonce":"([A-Za-z0-9_-]{43})"/gu)].map(([, nonce]) => nonce ?? '');
  const values = seeds.flatMap((seed) => nonces.map((nonce) => poolOf(seed, nonce)));
  const secrets = [
    { name: 'the password', value: password },
    { name: 'a password that was wrong', value: 'WRONG-password' },
    { name: 'the service’s secret', value: serviceCredential.secret },
    { name: 'the join code', value: joinCode },
    ...tokens.map((value) => ({ name: 'a token', value })),
    ...tokens.map((value) => ({ name: 'the signature of a token', value: value.split('.')[2] ?? '' })),
    ...made,
  ];
  expect(tokens.length).toBeGreaterThan(3);
  expect(seeds.length).toBeGreaterThan(3);
  expect(joinCode.length).toBeGreaterThan(10);
  for (const { name, value } of secrets) expect([name, value.length > 9]).toEqual([name, true]);

  const places = {
    'the logs of api and relay': logged.join('\n'),
    'what commands have printed': printed.join('\n'),
    'the rows of api and journal': filesIn(data),
    'the export of the audit': filesIn(workshop.home),
    'the URLs': `${apiProxy.requests()}\n${relayProxy.requests()}`,
    'what the relay told anybody': relayProxy.said(),
  };
  // Each place is one in which something would be found.
  for (const [place, text] of Object.entries(places))
    expect([place, text.length > 200]).toEqual([place, true]);
  const found = Object.entries(places).flatMap(([place, text]) =>
    secrets.flatMap(({ name, value }) => (text.includes(value) ? [`${name} in ${place}`] : [])),
  );
  expect([...new Set(found)]).toEqual([]);

  // Of a session's values those that were demanded are in what a saga keeps of it, and nothing else is anywhere.
  const { 'the rows of api and journal': rows, ...elsewhere } = places;
  for (const ofSession of values) {
    expect(ofSession.filter((value) => rows.includes(value)).length).toBeLessThanOrEqual(demanded);
    for (const [place, text] of Object.entries(elsewhere))
      expect([place, ofSession.filter((value) => text.includes(value))]).toEqual([place, []]);
  }
  expect(values.some((ofSession) => ofSession.some((value) => rows.includes(value)))).toBe(true);
});
