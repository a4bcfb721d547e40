import { generate } from 'selfsigned';
import { expect, it, onTestFinished } from 'vitest';

import { optionsFromEnvironment } from '../src/environment.ts';
import { silentLog } from '../src/log.ts';
import { startRelay } from '../src/start-relay.ts';
import { Client } from './support/clients.ts';
import { patchPush } from './support/envelopes.ts';
import { ManualClock } from './support/manual-clock.ts';
import { MemoryAuthority } from './support/memory-authority.ts';
import { KeptLog, Stack } from './support/stack.ts';

const listening = (log: KeptLog): string | undefined =>
  log.lines
    .map((line) => /"url":"([^"]+)".*The relay listens/.exec(line)?.[1])
    .find((url) => url !== undefined);

it('a relay lives before the api has certified it, and is ready after', async () => {
  const authority = await MemoryAuthority.create();
  authority.isDown = true;
  const log = new KeptLog();
  const starting = startRelay({ port: 0, authority, allowedOrigins: [], logger: log });
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
  const env = { CD_PUSH_API_URL: 'https://api.example', CD_PUSH_SERVICE_SECRET: 's' };
  expect(() => optionsFromEnvironment({ ...env, CD_PUSH_API_URL: 'api' })).toThrow('not a URL');
  expect(() => optionsFromEnvironment({ ...env, PORT: 'many' })).toThrow('PORT');
  expect(() => optionsFromEnvironment({ ...env, CD_PUSH_LEGACY: 'yes' })).toThrow(
    'CD_PUSH_LEGACY is one of off, on',
  );
  expect(
    optionsFromEnvironment({ ...env, CD_PUSH_ALLOWED_ORIGINS: 'https://a.example, https://b.example' }),
  ).toMatchObject({
    apiUrl: 'https://api.example',
    serviceCredential: { id: 'relay', secret: 's' },
    allowedOrigins: ['https://a.example', 'https://b.example'],
    legacy: 'off',
    port: 8081,
  });
});

it('a relay with a certificate of its own speaks TLS alone', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
  const authority = await MemoryAuthority.create();
  const relay = await startRelay({
    port: 0,
    authority,
    allowedOrigins: [],
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
