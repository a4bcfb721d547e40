import { limits, type ProblemError } from '@cd-push/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import { Introspections } from '../src/authority/introspections.ts';
import type { Session } from '../src/authority/session.ts';
import { Client } from './support/clients.ts';
import { Stack } from './support/stack.ts';

/** A connection of somebody who speaks the transport by hand. */
const open = async (stack: Stack, query = '', headers = {}): Promise<WebSocket> => {
  const socket = new WebSocket(
    `${stack.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket${query}`,
    { headers },
  );
  onTestFinished(() => socket.terminate());
  socket.on('error', () => {});
  await new Promise((resolve) => {
    socket.once('open', resolve);
  });
  return socket;
};

const closed = (socket: WebSocket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
  });

const poll = (stack: Stack, sid = '', body?: string): Promise<Response> =>
  fetch(`${stack.url}/socket.io/?EIO=4&transport=polling${sid === '' ? '' : `&sid=${sid}`}`, {
    ...(body === undefined ? {} : { method: 'POST', body }),
    headers: { 'content-type': 'text/plain;charset=UTF-8' },
  });

const polled = async (stack: Stack): Promise<string> => {
  const { sid } = JSON.parse((await (await poll(stack)).text()).slice(1)) as { sid: string };
  return sid;
};

describe('who has not been let in', () => {
  it('is asked about once, however often it asks to be let in, and is ended', async () => {
    const stack = await Stack.start();
    const socket = await open(stack);
    const end = closed(socket);
    for (let count = 0; count < 20_000; count += 1) socket.send('40{"token":"x"}');
    await end;
    expect(stack.authority.introspections).toBeLessThanOrEqual(1);
  });

  it('may try again on its connection, but not for ever', async () => {
    const stack = await Stack.start();
    const socket = await open(stack);
    const answers: string[] = [];
    const end = closed(socket);
    // As soon as one is refused, the next: no two are under way at a time.
    socket.on('message', (data: Buffer) => {
      answers.push(data.toString());
      socket.send('40{"token":"x"}');
    });
    socket.send('40{"token":"x"}');
    await end;
    expect(answers.filter((answer) => answer.startsWith('44'))).toHaveLength(4);
  });

  it('fills no memory by long polling: a body of a million requests is not read', async () => {
    const stack = await Stack.start({ legacy: 'on' });
    const sid = await polled(stack);
    const body = Array(1_000_000).fill('40{}').join('\x1e');
    expect(
      await poll(stack, sid, body).then(
        ({ status }) => status,
        () => 413,
      ),
    ).toBe(413);
    expect(stack.authority.introspections).toBe(0);
  });

  it('is asked about once by long polling as well', async () => {
    const stack = await Stack.start({ legacy: 'on' });
    const sid = await polled(stack);
    const body = Array(5_000).fill('40{"token":"x"}').join('\x1e').slice(0, 60_000);
    await poll(stack, sid, body).catch(() => {});
    expect((await poll(stack, sid)).status).toBe(400);
    expect(stack.authority.introspections).toBeLessThanOrEqual(1);
  });

  it.each([
    ['in one frame', 1],
    ['in many', 100],
  ])('may not send much %s', async (_, frames) => {
    const stack = await Stack.start();
    const socket = await open(stack);
    const end = closed(socket);
    // Of a message that never ends, so that there is nothing in it to be refused.
    const part = '4'.repeat(200_000 / frames);
    for (let count = 0; count < frames; count += 1) socket.send(part, { fin: false });
    await end;
    const { client } = await stack.sender();
    expect(await client.ask('list-targets', {})).toMatchObject({ status: true });
  });

  it('may not send much over the WebSocket of its upgrade either', async () => {
    const stack = await Stack.start({ legacy: 'on' });
    const sid = await polled(stack);
    const socket = await open(stack, `&sid=${sid}`);
    const end = closed(socket);
    // The frame is longer than what is sent of it.
    socket.send('x'.repeat(limits.frameBytes - 1));
    await end;
    expect((await poll(stack, sid)).status).toBe(400);
  });

  it('gives way to who comes later, when too many of one address show no token', async () => {
    const stack = await Stack.start();
    const oldest = await open(stack);
    for (let count = 0; count < 256; count += 1) await open(stack);
    // Whoever says nothing for ten seconds is ended anyway.
    await expect.poll(() => oldest.readyState, { timeout: 5_000 }).toBe(WebSocket.CLOSED);
    const { client } = await stack.sender();
    expect(await client.ask('list-targets', {})).toMatchObject({ status: true });
  });

  describe('behind a proxy', () => {
    /** Opens one more than an address may, as the proxy tells of them, and says whether the first had to give way. */
    const crowd = async (
      trustedProxies: readonly string[],
      forwardedFor: (count: number) => string,
    ): Promise<boolean> => {
      const stack = await Stack.start({ trustedProxies });
      const as = (count: number) => open(stack, '', { 'x-forwarded-for': forwardedFor(count) });
      const oldest = await as(0);
      const gone = closed(oldest).then(() => true);
      for (let count = 1; count <= 256; count += 1) await as(count);
      // One that still stands there is answered.
      const answered = new Promise<boolean>((resolve) => {
        oldest.on('message', (data: Buffer) => {
          if (data.toString().startsWith('44')) resolve(false);
        });
      });
      oldest.send('40{"token":"x"}');
      return Promise.race([answered, gone]);
    };

    it('is counted by the address that a trusted proxy tells', async () => {
      expect(await crowd(['127.0.0.1'], (count) => `198.51.100.${count % 250}`)).toBe(false);
      expect(await crowd(['loopback'], () => '198.51.100.7')).toBe(true);
    });

    it('hides behind nothing that it wrote itself', async () => {
      expect(await crowd([], (count) => `198.51.100.${count % 250}`)).toBe(true);
      expect(await crowd(['127.0.0.1'], (count) => `198.51.100.${count % 250}, 203.0.113.9`)).toBe(true);
    });

    it('a proxy that is no address is refused at the start', async () => {
      await expect(Stack.start({ trustedProxies: ['proxy.example'] })).rejects.toThrow('proxy.example');
    });
  });
});

it('one connection is one peer: who is let in asks in vain to be let in as another', async () => {
  const stack = await Stack.start();
  const { token } = stack.authority.runtime();
  const socket = await open(stack);
  const end = closed(socket);
  socket.send(`40${JSON.stringify({ token })}`);
  socket.send(`40${JSON.stringify({ token })}`);
  await end;
  expect(stack.authority.introspections).toBeLessThanOrEqual(1);
});

it('existing clients alone may begin with long polling', async () => {
  const modern = await Stack.start();
  expect((await poll(modern)).status).toBe(400);
  const legacy = await Stack.start({ legacy: 'on' });
  const { token } = await legacy.authority.developer();
  const client = new Client(legacy.url, { token }, { transports: ['polling', 'websocket'] });
  onTestFinished(() => client.close());
  const upgraded = new Promise((resolve) => {
    client.socket.io.once('open', () => client.socket.io.engine.once('upgrade', resolve));
  });
  await client.connected();
  await upgraded;
  expect(await client.ask('list-targets', { select: { labels: { long: 'x'.repeat(100) } } })).toMatchObject({
    status: true,
  });
});

describe('asking the api who somebody is', () => {
  /** An authority that answers when it is told to. */
  const held = () => {
    const answers: ((session: Session | undefined) => void)[] = [];
    const introspect = (): Promise<Session | undefined> =>
      new Promise((resolve) => {
        answers.push(resolve);
      });
    return { answers, introspect };
  };

  it('happens so often at a time, then waits, then is refused with when to come again', async () => {
    const { answers, introspect } = held();
    const introspections = new Introspections({ introspect }, { atOnce: 2, waiting: 1 });
    const asked = [1, 2, 3].map(() => introspections.ask('t'));
    await expect(introspections.ask('t')).rejects.toMatchObject({
      problem: { kind: 'unavailable', retryAfter: 1 },
    } satisfies Partial<Record<keyof ProblemError, unknown>>);
    expect(answers).toHaveLength(2);
    answers[0]?.(undefined);
    await asked[0];
    await expect.poll(() => answers.length).toBe(3);
    for (const answer of answers) answer(undefined);
    expect(await Promise.all(asked)).toEqual([undefined, undefined, undefined]);
    const again = introspections.ask('t');
    await expect.poll(() => answers.length).toBe(4);
    answers[3]?.(undefined);
    expect(await again).toBeUndefined();
  });

  it('an answer that a change overtook on its way counts with the change', async () => {
    const stack = await Stack.start();
    const { session } = await stack.authority.developer();
    const { answers, introspect } = held();
    const introspections = new Introspections({ introspect });
    const before = introspections.ask('t');
    await expect.poll(() => answers.length).toBe(1);
    introspections.changed({ kind: 'grants-changed', user: session.user.id, grants: [] });
    introspections.changed({
      kind: 'user-changed',
      user: session.user.id,
      roles: ['observer'],
      removed: false,
    });
    const after = introspections.ask('t');
    await expect.poll(() => answers.length).toBe(2);
    for (const answer of answers) answer(session);
    expect(introspections.current((await before) ?? session)).toMatchObject({
      grants: [],
      roles: ['observer'],
    });
    expect(introspections.current((await after) ?? session)).toMatchObject({ grants: session.grants });
    const removed = introspections.ask('t');
    await expect.poll(() => answers.length).toBe(3);
    introspections.changed({ kind: 'user-changed', user: session.user.id, roles: [], removed: true });
    answers[2]?.(session);
    expect(introspections.current((await removed) ?? session)).toBeUndefined();
  });
});
