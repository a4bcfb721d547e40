import { writeFileSync } from 'node:fs';

import { generate } from 'selfsigned';
import { expect, it, onTestFinished } from 'vitest';

import { optionsFromEnvironment } from '../src/environment.ts';
import { silentLog } from '../src/log.ts';
import { startRelay } from '../src/start-relay.ts';
import { Client } from './support/clients.ts';
import { newDataFile } from './support/data-file.ts';
import { patchPush } from './support/envelopes.ts';
import { ManualClock } from './support/manual-clock.ts';
import { MemoryAuthority } from './support/memory-authority.ts';
import { KeptLog, Stack } from './support/stack.ts';

const secret = 'a service secret of at least 32 characters';

const listening = (log: KeptLog): string | undefined =>
  log.lines
    .map((line) => /"url":"([^"]+)".*The relay listens/.exec(line)?.[1])
    .find((url) => url !== undefined);

it('a relay lives before the api has certified it, and is ready after', async () => {
  const authority = await MemoryAuthority.create();
  authority.isDown = true;
  const log = new KeptLog();
  const starting = startRelay({
    port: 0,
    authority,
    allowedOrigins: [],
    journal: { kind: 'memory' },
    logger: log,
  });
  await expect.poll(() => listening(log)).toBeDefined();
  const url = listening(log) ?? '';
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const notReady = await fetch(`${url}/readyz`);
  expect([notReady.status, ((await notReady.json()) as { kind: string }).kind]).toEqual([503, 'unavailable']);
  authority.isDown = false;
  const relay = await starting;
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await relay.close();
});

it('a relay whose certificate ran out while the api was away takes no push', async () => {
  const clock = new ManualClock();
  const stack = await Stack.start({ clock });
  await stack.runtime({ livesMs: 100 * 3_600_000 });
  const { client, login } = await stack.sender({ livesMs: 100 * 3_600_000 });
  const later = async () =>
    (await patchPush(login, [{ resource: '/shop/a.ts', text: '1' }], { issuedAt: clock.now() })).envelope;
  stack.authority.isDown = true;
  clock.advance(2 * 3_600_000);
  expect(await client.push(await later())).toMatchObject({ status: false, error: { kind: 'unavailable' } });
});

it('a relay that is deployed by itself says what its environment lacks', () => {
  expect(() => optionsFromEnvironment({})).toThrow('Set CD_PUSH_API_URL');
  expect(() => optionsFromEnvironment({ CD_PUSH_API_URL: 'https://api.example' })).toThrow(
    'CD_PUSH_SERVICE_SECRET',
  );
  const env = {
    CD_PUSH_API_URL: 'https://api.example',
    CD_PUSH_SERVICE_SECRET: secret,
    CD_PUSH_DATA: '/data/journal.db',
  };
  expect(() => optionsFromEnvironment({ ...env, CD_PUSH_API_URL: 'api' })).toThrow('not a URL');
  expect(() => optionsFromEnvironment({ ...env, PORT: 'many' })).toThrow('PORT');
  expect(() => optionsFromEnvironment({ ...env, CD_PUSH_LEGACY: 'yes' })).toThrow(
    'CD_PUSH_LEGACY is one of off, on',
  );
  expect(() => optionsFromEnvironment({ ...env, LOG_LEVEL: 'bogus' })).toThrow('LOG_LEVEL is one of info');
  expect(() => optionsFromEnvironment({ ...env, CD_PUSH_SERVICE_SECRET: 'short' })).toThrow(
    'CD_PUSH_SERVICE_SECRET needs at least 32 characters',
  );
  expect(
    optionsFromEnvironment({ ...env, CD_PUSH_ALLOWED_ORIGINS: 'https://a.example, https://b.example' }),
  ).toMatchObject({
    apiUrl: 'https://api.example',
    serviceCredential: { id: 'relay', secret },
    allowedOrigins: ['https://a.example', 'https://b.example'],
    legacy: 'off',
    port: 8081,
  });
});

it('how long things are kept is said by whole numbers, and a file may have no version kept besides the one in place', () => {
  const env = {
    CD_PUSH_API_URL: 'https://api.example',
    CD_PUSH_SERVICE_SECRET: secret,
    CD_PUSH_DATA: '/data/journal.db',
  };
  const kept = { CD_PUSH_JOURNAL_DAYS: '7', CD_PUSH_KEPT_VERSIONS: '0', CD_PUSH_HISTORY_DAYS: '90' };
  expect(optionsFromEnvironment({ ...env, ...kept }).retention).toEqual({
    journalDays: 7,
    keptVersions: 0,
    historyDays: 90,
    auditDays: undefined,
  });
  for (const value of ['-1', '1.5', 'many'])
    expect(() => optionsFromEnvironment({ ...env, CD_PUSH_KEPT_VERSIONS: value })).toThrow('whole number');
  expect(() => optionsFromEnvironment({ ...env, CD_PUSH_HISTORY_DAYS: '0' })).toThrow('whole days');
});

it('an empty variable counts as none: an empty HOST does not open the relay to everyone', () => {
  const env = {
    CD_PUSH_API_URL: 'https://api.example',
    CD_PUSH_SERVICE_SECRET: secret,
    CD_PUSH_DATA: '/data/journal.db',
  };
  const empty = { HOST: '', PORT: '', CD_PUSH_LEGACY: '', CD_PUSH_SERVICE_ID: '', LOG_LEVEL: '' };
  expect(optionsFromEnvironment({ ...env, ...empty })).toMatchObject({
    host: '127.0.0.1',
    port: 8081,
    legacy: 'off',
    serviceCredential: { id: 'relay' },
  });
});

it('what is secret may be in files, as they are mounted', () => {
  const file = (text: string): string => {
    const name = newDataFile('secret');
    writeFileSync(name, text);
    return name;
  };
  const env = {
    CD_PUSH_API_URL: 'https://api.example',
    CD_PUSH_SERVICE_SECRET_FILE: file(`${secret}\n`),
    DATABASE_URL_FILE: file('postgres://relay:p@db.example/journal\n'),
    REDIS_URL: 'redis://redis:6379',
  };
  expect(optionsFromEnvironment(env)).toMatchObject({
    serviceCredential: { secret },
    journal: { kind: 'postgres', url: 'postgres://relay:p@db.example/journal' },
    redis: { url: 'redis://redis:6379' },
  });
  expect(() => optionsFromEnvironment({ ...env, CD_PUSH_SERVICE_SECRET: secret })).toThrow('not both');
  expect(() => optionsFromEnvironment({ ...env, DATABASE_URL_FILE: '/nowhere/url' })).toThrow('/nowhere/url');
  expect(() => optionsFromEnvironment({ ...env, DATABASE_URL_FILE: file('\n') })).toThrow('empty');
});

it('a relay with a certificate of its own speaks TLS alone', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
  const authority = await MemoryAuthority.create();
  const relay = await startRelay({
    port: 0,
    authority,
    allowedOrigins: [],
    journal: { kind: 'memory' },
    logger: silentLog,
    tls: { key, cert },
  });
  onTestFinished(() => relay.close());
  expect(relay.url).toMatch(/^https:/);
  await expect(fetch(relay.url.replace('https:', 'http:'))).rejects.toThrow();
  const { token } = await authority.developer();
  const client = new Client(relay.url, { token }, { rejectUnauthorized: false });
  onTestFinished(() => client.close());
  await client.connected();
  expect(await client.ask('list-targets', {})).toMatchObject({ status: true });
});
