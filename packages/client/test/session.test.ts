import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';

import { problemOf } from '@cd-push/protocol';
import { cryptoPlatform, proofHolds, type SigningKey } from '@cd-push/timeline';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { RelayClock } from '../src/clock/relay-clock.ts';
import { enrol } from '../src/session/enrol.ts';
import { login, restoreSession } from '../src/session/login.ts';
import { runtimeSession } from '../src/session/runtime-session.ts';
import { memorySessionStore } from '../src/session/session-store.ts';
import { Session } from '../src/session/session.ts';
import { isRecord } from './support/is-record.ts';

interface Asked {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

let key: SigningKey;
let apiUrl: string;
let asked: Asked[];
/** Seconds that tokens hold. */
let ttl: number;
let clockAheadMs: number;
let refusal: { status: number; body: unknown } | undefined;
const server = createServer((request, response) => {
  const respond = async (): Promise<void> => {
    const { status, body } = await answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  void respond();
});

const answer = async (request: IncomingMessage): Promise<{ status: number; body: unknown }> => {
  const path = request.url ?? '';
  const body: unknown = await json(request);
  asked.push({ path, body: isRecord(body) ? body : {} });
  if (path === '/auth/challenge')
    return {
      status: 200,
      body: { nonce: `nonce-${asked.length}-0123456789`, issuer: 'https://api.example', expiresAt: 1 },
    };
  if (refusal !== undefined) return refusal;
  const count = asked.filter((one) => one.path === path).length;
  const checkTime = Date.now() + clockAheadMs;
  if (path === '/auth/enrol' || path === '/auth/runtime-token') {
    const described = {
      module: 'shop',
      environment: 'development',
      labels: {},
      groups: ['tills'],
      user: 1,
      keys: [key.publicKey],
    };
    return {
      status: 200,
      body: {
        resourceGuid: 'g',
        name: 'till',
        issuer: 'https://api.example',
        tenant: 'default',
        token: `runtime-${count}`,
        expiresAt: checkTime + ttl * 1000,
        ...described,
      },
    };
  }
  const name = path === '/auth/login' ? 'login' : 'refresh';
  return {
    status: 200,
    body: {
      app_state: {
        success: true,
        info: null,
        cache: null,
        sess: {
          userId: 1,
          jwt: { jwtToken: `${name}-${count}`, checked: true, checkTime, authorized: true, ttl },
          ttl,
          initUuid: 'session-1',
        },
      },
      data: {
        refreshToken: `refresh-token-${count}`,
        expiresAt: checkTime + ttl * 1000,
        sessionExpiresAt: checkTime + 86_400_000,
        certificate: 'a.b.c',
        grants: [],
        user: { id: 1, guid: 'u', name: 'ada', roles: ['developer'], tenant: 'default', subject: 'user-1' },
        issuer: 'https://api.example',
        keys: [key.publicKey],
      },
    },
  };
};

beforeEach(async () => {
  asked = [];
  ttl = 900;
  clockAheadMs = 0;
  refusal = undefined;
  key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  apiUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

const credentials = () => ({ apiUrl, userName: 'ada', password: 'secret', key });
const refreshes = () => asked.filter(({ path }) => path === '/auth/refresh');

test('login proves the key over the api’s nonce, for this user', async () => {
  await login(credentials());
  const { body } = asked.find(({ path }) => path === '/auth/login')!;
  const expected = { nonce: String(body.nonce), issuer: 'https://api.example', subject: 'ada' };
  expect(await proofHolds(String(body.proof), key.publicKey, expected)).toBe(true);
  expect(body.publicKey).toEqual(key.publicKey);
});

test('a fresh token costs no question', async () => {
  const session = await login(credentials());
  expect((await session.access()).token).toBe('login-1');
  expect(refreshes()).toEqual([]);
});

test('a token near its end is renewed once, however many ask', async () => {
  ttl = 0;
  const session = await login(credentials());
  ttl = 900;
  const tokens = await Promise.all([session.access(), session.access(), session.access()]);
  expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['refresh-1']));
  expect(refreshes()).toMatchObject([{ body: { refreshToken: 'refresh-token-1' } }]);
});

test('a refused token is not shown again', async () => {
  const session = await login(credentials());
  expect((await session.renew('login-1')).token).toBe('refresh-1');
  expect((await session.renew('login-1')).token).toBe('refresh-1');
});

test('what another process has renewed is taken over, and its refresh token is not used twice', async () => {
  const store = memorySessionStore();
  const mine = await login({ ...credentials(), store });
  const other = (await restoreSession(store, key))!;
  await other.renew('login-1');
  expect((await mine.renew('login-1')).token).toBe('refresh-1');
  expect(refreshes()).toHaveLength(1);
});

test('two that share a store and renew at once use each refresh token once', async () => {
  const store = memorySessionStore();
  await login({ ...credentials(), store });
  const both = await Promise.all([restoreSession(store, key), restoreSession(store, key)]);
  await Promise.all(both.map((session) => session!.renew('login-1')));
  expect(refreshes()).toHaveLength(1);
});

test('the servers’ clock is measured at login, and kept with the session', async () => {
  clockAheadMs = 3_600_000;
  const store = memorySessionStore();
  const askedAt = Date.now();
  const session = await login({ ...credentials(), store });
  const roundTripMs = Date.now() - askedAt;
  expect(Math.abs(session.clock.offsetMs - 3_600_000)).toBeLessThanOrEqual(roundTripMs);
  // A token that holds for 15 minutes on the servers' clock has not expired by this machine's.
  expect((await (await restoreSession(store, key))!.access()).token).toBe('login-1');
});

test('the api’s problem is thrown as it is', async () => {
  refusal = { status: 401, body: problemOf('invalid-credentials') };
  await expect(login(credentials())).rejects.toMatchObject({ problem: { kind: 'invalid-credentials' } });
});

test('whatever else answers is told apart from an api', async () => {
  refusal = { status: 200, body: { hello: 'world' } };
  await expect(login(credentials())).rejects.toMatchObject({ problem: { kind: 'unsupported-version' } });
  refusal = { status: 404, body: 'nothing' };
  await expect(login(credentials())).rejects.toMatchObject({ problem: { kind: 'invalid-request' } });
  await expect(login({ ...credentials(), apiUrl: 'http://127.0.0.1:9' })).rejects.toMatchObject({
    problem: { kind: 'unavailable' },
  });
});

test('a session without a certificate cannot push, and says so', async () => {
  const { stored } = await login(credentials());
  const session = new Session({ ...stored, certificate: null }, key, memorySessionStore(), new RelayClock());
  await expect(session.certificate()).rejects.toMatchObject({ problem: { kind: 'forbidden' } });
});

test('logout forgets the session even where the api does not answer', async () => {
  const store = memorySessionStore();
  const session = await login({ ...credentials(), store });
  refusal = { status: 500, body: problemOf('internal') };
  await expect(session.logout()).rejects.toMatchObject({ problem: { kind: 'internal' } });
  expect(await store.load()).toBeUndefined();
});

test('a runtime enrols by the code that it proves, and pins whom it found', async () => {
  const identity = await enrol({ apiUrl, joinCode: 'code', key });
  const { body } = asked.find(({ path }) => path === '/auth/enrol')!;
  const expected = { nonce: String(body.nonce), issuer: 'https://api.example', subject: 'code' };
  expect(await proofHolds(String(body.proof), key.publicKey, expected)).toBe(true);
  expect(identity).toMatchObject({
    resourceGuid: 'g',
    groups: ['tills'],
    trustRoot: { issuer: 'https://api.example', keys: [key.publicKey] },
  });
});

test('a runtime that was shipped with a trust root enrols nowhere else', async () => {
  const trustRoot = { issuer: 'https://other.example', tenant: 'default', keys: [] };
  await expect(enrol({ apiUrl, joinCode: 'code', key, trustRoot })).rejects.toMatchObject({
    problem: { kind: 'bad-certificate' },
  });
});

test('a runtime’s session fetches a token when it is first asked, and a new one near its end', async () => {
  const session = runtimeSession(await enrol({ apiUrl, joinCode: 'code', key }), key);
  expect((await session.access()).token).toBe('runtime-1');
  expect((await session.access()).token).toBe('runtime-1');
  expect((await session.renew('runtime-1')).token).toBe('runtime-2');
  const { body } = asked.find(({ path }) => path === '/auth/runtime-token')!;
  const expected = { nonce: String(body.nonce), issuer: 'https://api.example', subject: 'g' };
  expect(await proofHolds(String(body.proof), key.publicKey, expected)).toBe(true);
});
