import { problemOf, ProblemError, type RuntimeHello } from '@cd-push/protocol';
import { afterEach, expect, test } from 'vitest';

import { connect, type Connection, type ConnectOptions } from '../src/connection/connection.ts';
import { answering, cutWith, startFakeRelay } from './support/fake-relay.ts';
import { countingTokens } from './support/fake-session.ts';

type Answer = (value: unknown) => void;

const opened: Connection[] = [];
const open = (options: ConnectOptions): Connection => {
  const connection = connect(options);
  opened.push(connection);
  return connection;
};
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});

const statusIs = (connection: Connection, state: string): Promise<void> =>
  new Promise((resolve) => {
    if (connection.status.state === state) resolve();
    const forget = connection.onStatus((status) => {
      if (status.state !== state) return;
      forget();
      resolve();
    });
  });

test('it opens with the session’s token and answers what is asked', async () => {
  await using relay = await startFakeRelay({
    onConnection: (socket) => answering(socket, 'list-targets', () => ({ status: true, targets: [] })),
  });
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  await expect(connection.request('list-targets', {})).resolves.toMatchObject({ targets: [] });
  expect(relay.tokens).toEqual(['token-1']);
});

test('a problem that the relay answers is thrown as it is', async () => {
  const problem = problemOf('forbidden', { detail: 'Not yours.' });
  await using relay = await startFakeRelay({
    onConnection: (socket) => answering(socket, 'get-track', () => ({ status: false, error: problem })),
  });
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  await expect(connection.request('get-track', { pushGuid: 'x' })).rejects.toMatchObject({ problem });
});

test('an answer that makes no sense is a problem, not a value', async () => {
  await using relay = await startFakeRelay({
    onConnection: (socket) =>
      answering(socket, 'get-heads', () => ({ status: true, heads: [{ resource: 1 }] })),
  });
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  const asked = connection.request('get-heads', { environment: 'e', resources: [] });
  await expect(asked).rejects.toMatchObject({ problem: { kind: 'unsupported-version' } });
});

test('a relay that cannot be reached fails the first try where that is asked for', async () => {
  const connection = open({ relayUrl: 'http://127.0.0.1:9', session: countingTokens() });
  const tried = connection.opened({ patience: 'first-failure' });
  await expect(tried).rejects.toMatchObject({ problem: { kind: 'unavailable' } });
});

test('waiting for it ends with the signal', async () => {
  const connection = open({ relayUrl: 'http://127.0.0.1:9', session: countingTokens() });
  await expect(connection.opened({ signal: AbortSignal.timeout(20) })).rejects.toThrow(/timeout/u);
});

test('a token that the relay calls expired is renewed and shown again', async () => {
  await using relay = await startFakeRelay({
    refuse: (token) => (token === 'token-1' ? problemOf('session-expired') : undefined),
  });
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  await connection.opened();
  expect(relay.tokens).toEqual(['token-1', 'token-2']);
});

test('a session that is revoked ends it for good, after no more than three tries', async () => {
  await using relay = await startFakeRelay({ refuse: () => problemOf('session-revoked') });
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  await expect(connection.opened()).rejects.toMatchObject({ problem: { kind: 'session-revoked' } });
  expect(relay.tokens.length).toBeLessThanOrEqual(3);
  expect(connection.status.state).toBe('ended');
});

test('a session that cannot be renewed ends it for good', async () => {
  await using relay = await startFakeRelay({ refuse: () => problemOf('session-expired') });
  const session = countingTokens(900_000, () => problemOf('invalid-credentials'));
  const connection = open({ relayUrl: relay.url, session });
  await expect(connection.opened()).rejects.toMatchObject({ problem: { kind: 'invalid-credentials' } });
});

test('a relay that has no room is tried again later', async () => {
  await using relay = await startFakeRelay({
    refuse: (_token, attempt) =>
      attempt === 1 ? problemOf('rate-limited', { retryAfter: 0.01 }) : undefined,
  });
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  await connection.opened();
  expect(relay.tokens).toHaveLength(2);
});

test('the token is renewed, and the relay told, before it expires', async () => {
  const renewed = Promise.withResolvers<unknown>();
  await using relay = await startFakeRelay({
    onConnection: (socket) =>
      socket.on('renew-session', (renewal: unknown, answer: Answer) => {
        answer({ status: true, expiresAt: Date.now() + 900_000 });
        renewed.resolve(renewal);
      }),
  });
  const connection = open({ relayUrl: relay.url, session: countingTokens(100) });
  await connection.opened();
  await expect(renewed.promise).resolves.toEqual({ token: 'token-2' });
  expect(relay.sockets).toHaveLength(1);
});

test('a cut at the expiry brings it back with a new token', async () => {
  await using relay = await startFakeRelay();
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  cutWith(await relay.connection(0), 4004);
  await statusIs(connection, 'connecting');
  await relay.connection(1);
  expect(relay.tokens).toEqual(['token-1', 'token-2']);
});

test('a cut for slowness brings it back with the same token', async () => {
  await using relay = await startFakeRelay();
  open({ relayUrl: relay.url, session: countingTokens() });
  cutWith(await relay.connection(0), 4002);
  await relay.connection(1);
  expect(relay.tokens).toEqual(['token-1', 'token-1']);
});

test.each([
  [4005, 'conflict'],
  [4006, 'session-revoked'],
  [4007, 'invalid-request'],
])('a cut with %i is for good', async (code, kind) => {
  await using relay = await startFakeRelay();
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  await connection.opened();
  cutWith(await relay.connection(0), code);
  await statusIs(connection, 'ended');
  expect(connection.status).toMatchObject({ problem: { kind } });
});

test('being sent away is for good, with the problem that the relay said', async () => {
  await using relay = await startFakeRelay();
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  await connection.opened();
  const socket = await relay.connection(0);
  socket.emit('problem', problemOf('too-large'));
  socket.disconnect(true);
  await statusIs(connection, 'ended');
  expect(connection.status).toMatchObject({ problem: { kind: 'too-large' } });
});

test('the greeting comes first on every connection, and nothing is sent before it is answered', async () => {
  const heard: string[] = [];
  const welcome = {
    status: true,
    protocol: 1,
    recipient: 'r',
    serverTime: 1,
    catchUp: 0,
    journal: { epoch: '00000000-0000-4000-8000-000000000000', offset: 0 },
    revokedSessions: [],
    envelopeBytes: 1,
    policy: { hold: false, silent: false, mode: 'hybrid' },
    auditHeads: [],
  };
  await using relay = await startFakeRelay({
    onConnection: (socket) => {
      socket.onAny((event: string) => heard.push(event));
      socket.on('runtime-hello', (_hello: unknown, answer: Answer) => setImmediate(() => answer(welcome)));
      answering(socket, 'list-targets', () => ({ status: true, targets: [] }));
    },
  });
  const hello: RuntimeHello = {
    protocol: 1,
    instance: 'i',
    kind: 'node',
    base: null,
    heads: [],
    retainedBytes: 0,
  };
  const connection = open({
    relayUrl: relay.url,
    session: countingTokens(),
    greet: async (ask) => {
      expect(connection.send('push-ack', { pushGuid: 'g', attempt: 1, statement: 's', at: 1 })).toBe(false);
      await ask('runtime-hello', hello);
    },
  });
  await connection.request('list-targets', {});
  cutWith(await relay.connection(0), 4001);
  await relay.connection(1);
  await connection.request('list-targets', {});
  expect(heard).toEqual(['runtime-hello', 'list-targets', 'runtime-hello', 'list-targets']);
});

test('a question that a broken connection swallowed is asked again on the next one', async () => {
  await using relay = await startFakeRelay({
    onConnection: (socket) =>
      socket.on('list-targets', (_query: unknown, answer: Answer) => {
        if (socket === relay.sockets[0]) cutWith(socket, 4001);
        else answer({ status: true, targets: [] });
      }),
  });
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  await expect(connection.request('list-targets', {})).resolves.toMatchObject({ targets: [] });
});

test('what was closed on this side stays closed', async () => {
  await using relay = await startFakeRelay();
  const connection = open({ relayUrl: relay.url, session: countingTokens() });
  await connection.opened();
  connection.close();
  await expect(connection.request('list-targets', {})).rejects.toBeInstanceOf(ProblemError);
});
