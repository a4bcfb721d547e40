import type { ConnectChallenge, Problem, RelayChallenge } from '@cd-push/protocol';
import { answerChallenge, fromBase64url, type OwnSession } from '@cd-push/timeline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { io, type Socket } from 'socket.io-client';

import { ManualClock } from './support/manual-clock.ts';
import { makeKey, ownSession, type SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

/** What came of a connection: let in, refused at the door, answered with a problem, or ended. */
interface Ended {
  readonly problem?: Problem | undefined;
  readonly reason?: string;
  readonly code?: number | undefined;
}

const closeCode = (details: unknown): number | undefined =>
  (details as { context?: { code?: number } } | undefined)?.context?.code;

/** A client that shows a token, and does not answer by itself. */
const open = (stack: Stack, token: string, genesis: unknown = ownSession(token)?.genesis): Socket => {
  const socket = io(stack.url, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth: { token, genesis },
  });
  onTestFinished(() => void socket.disconnect());
  return socket;
};

const challenged = (socket: Socket): Promise<ConnectChallenge> =>
  new Promise((resolve, reject) => {
    socket.once('connect-challenge', resolve);
    socket.once('connect_error', reject);
  });

const ended = (socket: Socket): Promise<Ended> =>
  new Promise((resolve) => {
    socket.once('disconnect', (reason, details) => resolve({ reason, code: closeCode(details) }));
    socket.once('connect_error', (error: Error & { data?: Problem }) => resolve({ problem: error.data }));
  });

const demandIn = ({ challenge }: ConnectChallenge): RelayChallenge['challenge'] =>
  (JSON.parse(new TextDecoder().decode(fromBase64url(challenge.split('.')[1] ?? ''))) as RelayChallenge)
    .challenge;

const stepFor = async (own: OwnSession, demand: RelayChallenge['challenge']) => {
  const turn = await answerChallenge(own, 'connect', demand, demand.server);
  if (!turn.ok) throw new Error(turn.problem.detail);
  return turn.value.step;
};

const prove = (socket: Socket, proof: object): Promise<{ status: boolean; error?: Problem }> =>
  socket.emitWithAck('connect-proof', proof) as Promise<{ status: boolean; error?: Problem }>;

const sessionOf = ({ token }: SigningLogin): OwnSession => ownSession(token)!;

describe('[KEYSTONE-1] a person’s connection', () => {
  it('is challenged by the relay’s own key, and let in once it has revealed what was demanded', async () => {
    const stack = await Stack.start();
    const login = await stack.authority.developer();
    const socket = open(stack, login.token);
    const demand = demandIn(await challenged(socket));
    expect(demand).toMatchObject({ pool: 'connect', demanded: { length: 4 } });
    expect(await prove(socket, { step: await stepFor(sessionOf(login), demand) })).toEqual({
      status: true,
      session: login.session.id,
    });
    expect(await socket.emitWithAck('list-targets', {})).toMatchObject({ status: true });
  });

  it('is asked for something else each time', async () => {
    const stack = await Stack.start();
    const login = await stack.authority.developer();
    const demands = [];
    for (let count = 0; count < 5; count += 1) {
      const socket = open(stack, login.token);
      demands.push(demandIn(await challenged(socket)));
      socket.disconnect();
    }
    expect(new Set(demands.map(({ nonce }) => nonce)).size).toBe(5);
    expect(new Set(demands.map(({ demanded }) => demanded.join())).size).toBeGreaterThan(1);
  });

  it('is heard with nothing else before that, and cut for it', async () => {
    const stack = await Stack.start();
    const login = await stack.authority.developer();
    const socket = open(stack, login.token);
    const end = ended(socket);
    await challenged(socket);
    expect(await socket.emitWithAck('list-targets', {})).toMatchObject({
      status: false,
      error: { kind: 'unauthenticated' },
    });
    expect(await end).toMatchObject({ code: 4008 });
  });

  it('is cut when it does not answer in time', async () => {
    const clock = new ManualClock();
    const stack = await Stack.start({ clock });
    const login = await stack.authority.developer();
    const socket = open(stack, login.token);
    const end = ended(socket);
    await challenged(socket);
    clock.advance(10_000);
    expect(await end).toMatchObject({ code: 4008 });
  });

  it('is one of few of its session that have not answered: a token cannot fill the relay with them', async () => {
    const clock = new ManualClock();
    const stack = await Stack.start({ clock });
    const login = await stack.authority.developer();
    const waiting: Socket[] = [];
    for (let count = 0; count < 32; count += 1) {
      const socket = open(stack, login.token);
      await challenged(socket);
      waiting.push(socket);
    }
    const refusal = { problem: { kind: 'rate-limited', retryable: true } };
    expect(await ended(open(stack, login.token))).toMatchObject(refusal);
    // Another session is not kept out, and who leaves makes room, as who does not answer in time.
    await challenged(open(stack, (await stack.authority.developer()).token));
    const isChallenged = () =>
      challenged(open(stack, login.token)).then(
        () => true,
        () => false,
      );
    waiting[0]!.disconnect();
    await expect.poll(isChallenged).toBe(true);
    expect(await isChallenged()).toBe(false);
    clock.advance(10_000);
    expect(await isChallenged()).toBe(true);
  });

  it('takes a session of its own: one that has connected connects no more', async () => {
    const stack = await Stack.start();
    const { login } = await stack.sender();
    expect(await ended(open(stack, login.token))).toMatchObject({ problem: { kind: 'challenge-failed' } });
  });

  it('of a runtime is not challenged, since each of its tokens is had by its key', async () => {
    const stack = await Stack.start();
    expect((await stack.runtime()).welcome.recipient).toContain('#one');
  });
});

describe('[KEYSTONE-2] a connection is refused', () => {
  it('to whoever has the token alone: without the session’s first frame, or with another’s', async () => {
    const stack = await Stack.start();
    const [login, other] = [await stack.authority.developer(), await stack.authority.developer()];
    for (const genesis of [null, {}, 'x', sessionOf(other).genesis])
      expect((await ended(open(stack, login.token, genesis))).problem?.kind).toBe('bad-identity');
  });

  it('to an answer that is replayed, of another session, of another server, or reveals something else', async () => {
    const stack = await Stack.start();
    const login = await stack.authority.developer();
    const own = sessionOf(login);
    const first = open(stack, login.token);
    const seen = await stepFor(own, demandIn(await challenged(first)));
    first.disconnect();
    const [stranger] = [await stack.authority.developer()];
    const forged = { ...own, key: await makeKey() };
    const attempts: ((demand: RelayChallenge['challenge']) => Promise<unknown>)[] = [
      async () => ({ step: seen }),
      async (demand) => ({ step: await stepFor(sessionOf(stranger), demand) }),
      async (demand) => ({ step: await stepFor(forged, demand) }),
      async (demand) => ({ step: await stepFor(own, { ...demand, server: own.address }) }),
      async (demand) => ({ step: await stepFor({ ...own, seed: new Uint8Array(32) }, demand) }),
      async (demand) => ({ step: await stepFor(own, { ...demand, demanded: demand.demanded.slice(1) }) }),
      async () => ({}),
    ];
    for (const attempt of attempts) {
      const socket = open(stack, login.token);
      const end = ended(socket);
      const demand = demandIn(await challenged(socket));
      const answer = await prove(socket, (await attempt(demand)) as object);
      expect(answer.status).toBe(false);
      expect(['challenge-failed', 'bad-identity']).toContain(answer.error?.kind);
      expect(await end).toMatchObject({ code: 4008 });
    }
    // None of this has used the session up for its owner.
    const socket = open(stack, login.token);
    const demand = demandIn(await challenged(socket));
    expect(await prove(socket, { step: await stepFor(own, demand) })).toMatchObject({ status: true });
  });

  it('to a session whose identity does not let it connect', async () => {
    const stack = await Stack.start();
    const login = await stack.authority.developer({ scope: { verbs: ['sync', 'push'] } });
    const socket = open(stack, login.token);
    const demand = demandIn(await challenged(socket));
    expect(await prove(socket, { step: await stepFor(sessionOf(login), demand) })).toMatchObject({
      status: false,
      error: { kind: 'forbidden' },
    });
  });
});

describe('[KEYSTONE-3] an identity that is ended', () => {
  it('loses all of its connections, no other’s, and runtimes hear whose signatures are void', async () => {
    const stack = await Stack.start();
    const runtime = await stack.runtime();
    const first = await stack.sender();
    const { kept, session: user } = first.login;
    const second = await stack.sender({ kept, user });
    const other = await stack.sender();
    stack.authority.change({ kind: 'session-revoked', session: kept.identity, voidsSignatures: true });
    expect(await first.client.closed).toMatchObject({ code: 4006 });
    expect(await second.client.closed).toMatchObject({ code: 4006 });
    expect(await runtime.client.next('session-revoked')).toEqual({ session: kept.identity });
    expect(await other.client.ask('list-targets', {})).toMatchObject({ status: true });
  });
});

it('[KEYSTONE-4] a thousand failed handshakes leave no socket, listener or timer', async () => {
  const stack = await Stack.start();
  const login = await stack.authority.developer();
  const own = sessionOf(login);
  const fail = async (index: number): Promise<void> => {
    const socket = open(stack, login.token, index % 4 === 0 ? {} : own.genesis);
    const end = ended(socket);
    if (index % 4 !== 0) {
      const demand = demandIn(await challenged(socket));
      if (index % 4 === 1) await prove(socket, {});
      if (index % 4 === 2) socket.emit('list-targets', {});
      if (index % 4 === 3)
        await prove(socket, { step: await stepFor({ ...own, seed: new Uint8Array(32) }, demand) });
    }
    await end;
    socket.removeAllListeners();
    socket.disconnect();
  };
  const failMany = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 20)
      await Promise.all(Array.from({ length: 20 }, (_, index) => fail(done + index)));
  };
  const counted = (): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
    return { sockets: counts['TCPSocketWrap'] ?? 0, timers: counts['Timeout'] ?? 0 };
  };
  const listeners = (): number =>
    process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  // What is made once, at the first of them, is no leak.
  await failMany(20);
  await expect.poll(() => counted().sockets).toBe(0);
  const before = { sockets: counted().sockets, listeners: listeners() };
  await failMany(1_000);
  await expect
    .poll(() => ({ sockets: counted().sockets, listeners: listeners() }), { timeout: 10_000 })
    .toEqual(before);
  // Polling and pinging keep one or two of their own at a time.
  await expect.poll(() => counted().timers, { timeout: 10_000 }).toBeLessThan(5);
  // And the relay takes whoever proves.
  expect(await (await stack.sender()).client.ask('list-targets', {})).toMatchObject({ status: true });
}, 60_000);
