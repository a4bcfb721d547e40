import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

import { limits, problemOf, type Problem } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';
import { describe, expect, it, onTestFinished } from 'vitest';

import { fetchContent } from '../src/contents/fetch-content.ts';
import { uploadContent } from '../src/contents/upload-content.ts';
import { countingTokens } from './support/fake-session.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** What was asked, and with which token. */
interface Asked {
  readonly line: string;
  readonly authorization: string | undefined;
}

/** A relay of which a test says how it answers each request; the last answer holds for all that follow. */
const relayOf = async (...answers: Answer[]): Promise<{ relayUrl: string; asked: Asked[] }> => {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push({
      line: `${request.method} ${request.url}`,
      authorization: request.headers.authorization,
    });
    void answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { relayUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

const giving =
  (bytes: Uint8Array): Answer =>
  (_request, response) =>
    void response.end(bytes);
const refusing =
  (problem: Problem): Answer =>
  async (request, response) => {
    await buffer(request);
    response
      .writeHead(problem.status, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify(problem));
  };

/** Nothing lies there for whoever asks. */
const lacking: Answer = (_request, response) => void response.writeHead(404).end();

const bytes = new Uint8Array(100_000).map((_, index) => index % 251);
const digest = await digestOf(bytes);

describe('[CONTENT-2] a content', () => {
  it('is fetched by its digest, with the token in a header', async () => {
    const { relayUrl, asked } = await relayOf(giving(bytes));
    const fetched = await fetchContent({ relayUrl, session: countingTokens(), digest }, bytes.length);
    expect(fetched).toEqual(bytes);
    expect(asked).toEqual([{ line: `GET /contents/${digest}`, authorization: 'Bearer token-1' }]);
  });

  it('is not taken where other bytes come', async () => {
    const { relayUrl, asked } = await relayOf(giving(bytes.with(7, 255)));
    await expect(
      fetchContent({ relayUrl, session: countingTokens(), digest }, bytes.length),
    ).rejects.toMatchObject({ problem: { kind: 'bad-signature' } });
    expect(asked).toHaveLength(1);
  });

  it('is taken in no further than it may be large', async () => {
    const cut = Promise.withResolvers<void>();
    const { relayUrl } = await relayOf((_request, response) => {
      response.on('close', cut.resolve);
      response.write(bytes);
    });
    await expect(
      fetchContent({ relayUrl, session: countingTokens(), digest }, bytes.length - 1),
    ).rejects.toMatchObject({ problem: { kind: 'too-large' } });
    await cut.promise;
  });

  it('is asked for again with a renewed token, once', async () => {
    const refused = refusing(problemOf('unauthenticated'));
    const first = await relayOf(refused, giving(bytes));
    await fetchContent({ ...first, session: countingTokens(), digest }, bytes.length);
    expect(first.asked.map(({ authorization }) => authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);

    const second = await relayOf(refused);
    await expect(
      fetchContent({ ...second, session: countingTokens(), digest }, bytes.length),
    ).rejects.toMatchObject({ problem: { kind: 'unauthenticated' } });
    expect(second.asked).toHaveLength(2);
  });

  it('is asked for again where the relay is away, busy, or breaks off', async () => {
    const { relayUrl, asked } = await relayOf(
      refusing(problemOf('unavailable', { retryAfter: 0 })),
      (_request, response) => void response.destroy(),
      (_request, response) => {
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, 10), () => response.destroy());
      },
      giving(bytes),
    );
    expect(await fetchContent({ relayUrl, session: countingTokens(), digest }, bytes.length)).toEqual(bytes);
    expect(asked).toHaveLength(4);
  });

  it('that is not there is no matter of waiting', async () => {
    const { relayUrl, asked } = await relayOf(refusing(problemOf('not-found')));
    const place = { relayUrl, session: countingTokens(), digest };
    await expect(fetchContent(place, 1)).rejects.toMatchObject({ problem: { kind: 'not-found' } });
    expect(asked).toHaveLength(1);
  });

  it('is waited for until the signal, and no longer', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const { relayUrl } = await relayOf(() => stop.abort(reason));
    const place = { relayUrl, session: countingTokens(), digest, signal: stop.signal };
    await expect(fetchContent(place, bytes.length)).rejects.toBe(reason);
  });
});

describe('[CONTENT-1] a content', () => {
  it('is put under its digest, a text as UTF-8', async () => {
    const received: Buffer[] = [];
    const { relayUrl, asked } = await relayOf(lacking, async (request, response) => {
      received.push(await buffer(request));
      response.writeHead(request.method === 'HEAD' ? 404 : 204).end();
    });
    const session = countingTokens();
    const text = 'naïve – ✓';
    expect(await uploadContent({ relayUrl, session }, text)).toBe(await digestOf(text));
    expect(await uploadContent({ relayUrl, session }, bytes)).toBe(digest);
    expect(received).toEqual([Buffer.from(text), Buffer.of(), Buffer.from(bytes)]);
    expect(asked[3]).toEqual({ line: `PUT /contents/${digest}`, authorization: 'Bearer token-1' });
  });

  it('that is too large is not even begun with', async () => {
    const { relayUrl, asked } = await relayOf(giving(bytes));
    await expect(
      uploadContent({ relayUrl, session: countingTokens() }, new Uint8Array(limits.contentBytes + 1)),
    ).rejects.toMatchObject({ problem: { kind: 'too-large' } });
    expect(asked).toEqual([]);
  });

  it('that the relay does not take is refused in the relay’s words', async () => {
    const problem = problemOf('forbidden', { detail: 'You may not push.' });
    const { relayUrl } = await relayOf(refusing(problem));
    await expect(uploadContent({ relayUrl, session: countingTokens() }, bytes)).rejects.toMatchObject({
      problem,
    });
  });

  it('that lies there where it may be read is not sent again', async () => {
    const { relayUrl, asked } = await relayOf((_request, response) => void response.end());
    expect(await uploadContent({ relayUrl, session: countingTokens() }, bytes)).toBe(digest);
    expect(asked).toMatchObject([{ line: `HEAD /contents/${digest}` }]);
  });
});
