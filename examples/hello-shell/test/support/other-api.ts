import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

export interface OtherApi extends AsyncDisposable {
  readonly url: string;
}

/** What stands between an api and somebody who reads its answers otherwise than they are. */
export const startOtherApi = async (
  apiUrl: string,
  rewrite: (answer: string) => string,
): Promise<OtherApi> => {
  const over = new AbortController();
  const server = createServer((request, response) => {
    const forward = async (): Promise<void> => {
      const headers = headersOf(request);
      const method = request.method ?? 'GET';
      const body = method === 'GET' ? null : Buffer.concat(await request.toArray());
      const answer = await fetch(`${apiUrl}${request.url ?? ''}`, {
        method,
        headers,
        body,
        signal: over.signal,
      });
      const type = answer.headers.get('content-type') ?? 'application/json';
      response.writeHead(answer.status, { 'content-type': type });
      if (type.startsWith('text/event-stream') && answer.body !== null) {
        response.flushHeaders();
        await pipeline(answer.body, response);
      } else response.end(rewrite(await answer.text()));
    };
    forward().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
};

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name)
        ? [[name, value]]
        : [],
    ),
  );
