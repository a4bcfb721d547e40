import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it, onTestFinished } from 'vitest';

import { ApiAuthority } from '../src/authority/api-authority.ts';
import type { Change } from '../src/authority/authority.ts';
import { systemClock, type Clock } from '../src/clock.ts';
import { silentLog } from '../src/log.ts';
import { ManualClock } from './support/manual-clock.ts';

interface Request {
  readonly headers: IncomingMessage['headers'];
  readonly response: ServerResponse;
}

/** An HTTP server whose answers the test gives by hand. */
class FakeApi {
  readonly #requests: Request[] = [];
  #wake: () => void = () => {};
  url = '';

  async start(): Promise<this> {
    const server = createServer(({ headers }, response) => {
      this.#requests.push({ headers, response });
      this.#wake();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  async next(): Promise<Request> {
    for (;;) {
      const request = this.#requests.shift();
      if (request !== undefined) return request;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async stream(first: string): Promise<Request> {
    const request = await this.next();
    request.response.writeHead(200, { 'content-type': 'text/event-stream' });
    request.response.write(first);
    return request;
  }
}

const event = (kind: string, id: number, data: object = {}): string =>
  `event: ${kind}\nid: ${id}\ndata: ${JSON.stringify({ kind, ...data })}\n\n`;

const follow = async (clock: Clock = systemClock) => {
  const api = await new FakeApi().start();
  const heard: (Change | 'resumed' | 'reset')[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const authority = new ApiAuthority(
    { apiUrl: `${api.url}/`, serviceCredential: { id: 'relay', secret: 'secret' } },
    clock,
    silentLog,
  );
  const followed = authority.follow(
    {
      changed: (change) => heard.push(change),
      resumed: () => heard.push('resumed'),
      reset: () => heard.push('reset'),
    },
    stop.signal,
  );
  return { api, heard, followed, authority };
};

describe('the change feed', () => {
  it('is followed from where it stands, by the service’s credential', async () => {
    const { api, heard, followed } = await follow();
    const { headers, response } = await api.stream(event('ready', 7));
    await followed;
    expect(headers.authorization).toBe(`Basic ${Buffer.from('relay:secret').toString('base64')}`);
    expect(headers['last-event-id']).toBeUndefined();
    response.write(event('session-revoked', 8, { sid: 's', reason: 'logout' }));
    response.write(event('session-revoked', 9, { sid: 't', reason: 'withdrawn' }));
    await expect
      .poll(() => heard)
      .toEqual([
        { kind: 'session-revoked', session: 's', voidsSignatures: false },
        { kind: 'session-revoked', session: 't', voidsSignatures: true },
      ]);
  });

  it('goes on after the last event that was heard when the connection breaks', async () => {
    const { api, heard, followed } = await follow();
    const first = await api.stream(event('ready', 7));
    await followed;
    first.response.write(event('triggers-changed', 8));
    await expect.poll(() => heard).toHaveLength(1);
    first.response.destroy();
    const second = await api.stream(event('ready', 8));
    expect(second.headers['last-event-id']).toBe('8');
    second.response.write(event('runtime-removed', 9, { guid: 'g' }));
    await expect
      .poll(() => heard)
      .toEqual([{ kind: 'triggers-changed' }, 'resumed', { kind: 'runtime-removed', guid: 'g' }]);
  });

  it('says when the api has lost its history', async () => {
    const { api, heard, followed } = await follow();
    (await api.stream(event('ready', 7))).response.end();
    await followed;
    await api.stream(event('reset', 2));
    await expect.poll(() => heard).toEqual(['reset']);
  });

  it('passes over what only a later api knows, and over what is no JSON', async () => {
    const { api, heard, followed } = await follow();
    const { response } = await api.stream(event('ready', 1));
    await followed;
    response.write(event('moon-changed', 2));
    response.write('event: triggers-changed\nid: 3\ndata: {oops\n\n');
    response.write(event('triggers-changed', 4));
    await expect.poll(() => heard).toEqual([{ kind: 'triggers-changed' }]);
  });

  it('is opened anew when it has been silent for longer than the api ever is', async () => {
    const clock = new ManualClock();
    const { api, heard, followed } = await follow(clock);
    await api.stream(event('ready', 1));
    await followed;
    clock.advance(41_000);
    const again = api.stream(event('ready', 1));
    await expect
      .poll(() => {
        clock.advance(1_000);
        return heard;
      })
      .toEqual(['resumed']);
    await again;
  });

  it('that cannot be followed at first is a failure', async () => {
    const { api, followed } = await follow();
    (await api.next()).response.writeHead(401).end();
    await expect(followed).rejects.toThrow();
  });
});

describe('the api', () => {
  it.each([
    ['refuses', 401, '{}'],
    ['fails', 500, '{}'],
    ['talks nonsense', 200, '{"active":"yes"}'],
    ['talks no JSON', 200, '<html>'],
  ])('that %s is unavailable, which says nothing about a token', async (_case, status, body) => {
    const { api, authority, followed } = await follow();
    await api.stream(event('ready', 1));
    await followed;
    const asked = authority.introspect('token');
    (await api.next()).response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    await expect(asked).rejects.toMatchObject({ problem: { kind: 'unavailable', retryable: true } });
  });
});
