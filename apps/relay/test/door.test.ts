import { request } from 'node:http';

import { limits, type Problem } from '@cd-push/protocol';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { Client } from './support/clients.ts';
import { patchPush } from './support/envelopes.ts';
import { ownSession } from './support/memory-authority.ts';
import { pageOrigin, Stack } from './support/stack.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await Stack.start({ allowedHosts: ['relay.example'] });
});

/** Asks the relay's port as any HTTP client could. */
const ask = (
  path: string,
  headers: Record<string, string>,
  upgrade = false,
): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const handshake = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const sent = request(new URL(path, stack.url), {
      headers: upgrade ? { ...headers, ...handshake } : headers,
    });
    sent.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, body: '' });
    });
    sent.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject);
    sent.end();
  });

const refusedOrigins = [
  'null',
  'https://evil.test',
  'http://app.test',
  'https://app.test:444',
  'https://app.test.evil.test',
  'https://evilapp.test',
  'https://127.0.0.1',
  'HTTPS://APP.TEST',
  '*',
];

describe('the door', () => {
  it.each(refusedOrigins)(
    'refuses pages of %s on long polling and on WebSocket, and says why',
    async (origin) => {
      for (const [path, upgrade] of [
        ['/socket.io/?EIO=4&transport=polling', false],
        ['/socket.io/?EIO=4&transport=websocket', true],
      ] as const) {
        const { status, body } = await ask(path, { origin }, upgrade);
        expect(status).toBe(403);
        expect(JSON.parse(body)).toMatchObject({ kind: 'forbidden-origin', path: '/headers/origin' });
      }
    },
  );

  it.each(['evil.test', 'relay.example.evil.test', '127.0.0.1', '[::1]:1'])(
    'refuses the Host %s',
    async (host) => {
      for (const [path, upgrade] of [
        ['/socket.io/?EIO=4&transport=polling', false],
        ['/socket.io/?EIO=4&transport=websocket', true],
      ] as const) {
        const { status, body } = await ask(path, { host }, upgrade);
        expect(status).toBe(403);
        expect(JSON.parse(body)).toMatchObject({ kind: 'forbidden-origin', path: '/headers/host' });
      }
    },
  );

  it('lets listed pages, pageless programs and listed hosts in on both transports of existing clients', async () => {
    stack = await Stack.start({ allowedHosts: ['relay.example'], legacy: 'on' });
    for (const headers of [{}, { origin: pageOrigin }, { host: 'relay.example' }]) {
      expect((await ask('/socket.io/?EIO=4&transport=polling', headers)).status).toBe(200);
      expect((await ask('/socket.io/?EIO=4&transport=websocket', headers, true)).status).toBe(101);
    }
  });

  it('takes a push over long polling as well, where existing clients may come', async () => {
    stack = await Stack.start({ legacy: 'on' });
    await stack.runtime();
    const login = await stack.authority.developer();
    const client = new Client(stack.url, { token: login.token }, { transports: ['polling'] });
    onTestFinished(() => client.close());
    await client.connected();
    const { envelope } = await patchPush(login, [{ resource: '/shop/a.ts', text: '1' }]);
    expect(await client.push(envelope)).toMatchObject({ status: true });
  });

  it.each([
    ['no token', {}],
    ['an empty token', { token: '' }],
    ['a token that is no text', { token: { $ne: null } }],
    ['a token of nobody', { token: 'eyJhbGciOiJub25lIn0.e30.' }],
    ['a token that is too long', { token: 'x'.repeat(9_000) }],
  ])('refuses %s', async (_, auth) => {
    await expect(stack.client(auth).connected()).rejects.toMatchObject({
      data: { kind: 'unauthenticated', status: 401 },
    });
  });

  it('refuses an expired token', async () => {
    const login = await stack.authority.developer({ livesMs: -1 });
    await expect(stack.client({ token: login.token }).connected()).rejects.toMatchObject({
      data: { kind: 'unauthenticated' },
    });
  });

  it('refuses a session of another tenant', async () => {
    const login = await stack.authority.developer({ tenant: 'globex' });
    await expect(stack.client({ token: login.token }).connected()).rejects.toMatchObject({
      data: { kind: 'unauthenticated' },
    });
  });

  it('takes the token from an Authorization header', async () => {
    const { token } = await stack.authority.developer();
    const { genesis } = ownSession(token)!;
    const extraHeaders = { authorization: `Bearer ${token}` };
    const client = new Client(stack.url, { genesis }, { extraHeaders });
    onTestFinished(() => client.close());
    const challenged = new Promise((resolve) => {
      client.socket.once('connect-challenge', resolve);
    });
    await client.connected();
    // Which nobody is whose token is no good.
    expect(await challenged).toMatchObject({ challenge: expect.stringContaining('.') });
  });

  it('says that it cannot know anybody while the api is away', async () => {
    const login = await stack.authority.developer();
    stack.authority.isDown = true;
    await expect(stack.client({ token: login.token }).connected()).rejects.toMatchObject({
      data: { kind: 'unavailable', retryable: true },
    });
  });

  it('answers an envelope over the limit as a problem, and lives on', async () => {
    const { client } = await stack.sender();
    const large = { pushData: { m: 'x'.repeat(limits.envelopeBytes) } };
    expect(await client.ask('dev-sync-init', large)).toMatchObject({
      status: false,
      error: { kind: 'too-large' },
    });
    const wide = { pushData: { m: '€'.repeat(limits.envelopeBytes / 2) } };
    expect(await client.ask('dev-sync-init', wide)).toMatchObject({
      status: false,
      error: { kind: 'too-large' },
    });
    client.socket.emit('dev-sync-init', large);
    expect(await client.next<Problem>('problem')).toMatchObject({ kind: 'too-large' });
    expect(await client.ask('list-targets', {})).toMatchObject({ status: true });
  });

  it('answers what is no JSON, binary, or under a reserved name, and lives on', async () => {
    const { client } = await stack.sender();
    const raw = (packet: string): void => void client.socket.io.engine.write(packet);
    raw('2["dev-sync-init",{]');
    expect(await client.next<Problem>('problem')).toMatchObject({ kind: 'invalid-json' });
    raw('nonsense');
    expect(await client.next<Problem>('problem')).toMatchObject({ kind: 'invalid-json' });
    raw('2["disconnecting",{}]');
    expect(await client.next<Problem>('problem')).toMatchObject({ kind: 'invalid-request' });
    const binary = await client.ask('dev-sync-init', { pushData: Buffer.from('binary') });
    expect(binary).toMatchObject({ status: false, error: { kind: 'invalid-envelope' } });
    client.socket.emit('error', new Error('not yours'));
    expect(await client.next<Problem>('problem')).toMatchObject({ kind: 'unknown-trigger' });
    expect(await client.ask('list-targets', {})).toMatchObject({ status: true });
  });

  it('cuts a peer that speaks something else for good', async () => {
    const { client } = await stack.sender();
    for (let count = 0; count < 20; count += 1) client.socket.io.engine.write(`garbage ${count}`);
    expect(await client.closed).toMatchObject({ code: 4007 });
  });

  it('tells a session that sends too much when to come again', async () => {
    const slow = await Stack.start({ rate: { perSecond: 1, burst: 2 } });
    const { client } = await slow.sender();
    const answers = await Promise.all([1, 2, 3].map(() => client.ask('list-targets', {})));
    expect(answers[2]).toMatchObject({ status: false, error: { kind: 'rate-limited', retryable: true } });
  });

  it('says that it lives and that it is ready, and nothing else', async () => {
    expect(await ask('/livez', {})).toEqual({ status: 200, body: '{"status":"ok"}' });
    expect((await ask('/readyz', {})).status).toBe(200);
    expect((await ask('/', {})).status).toBe(404);
    expect((await ask('/socket.io/socket.io.js', {})).status).not.toBe(200);
  });

  it('refuses other namespaces', async () => {
    const { token } = await stack.authority.developer();
    const client = new Client(`${stack.url}/admin`, { token });
    onTestFinished(() => client.close());
    await expect(client.connected()).rejects.toThrow('Invalid namespace');
  });
});
