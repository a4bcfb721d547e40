import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

import { problemOf } from '@cd-push/protocol';

/** Path under which the api is reached where page, api and relay have one address. */
export const apiPath = '/cd-push/api';
const relayPath = '/socket.io/';
/** Contents at the relay: a digest alone, so that no folder of a project is hidden by them. */
const contentPath = /^\/contents\/sha256-[\w-]{43}$/u;

/** Hands on what is the api's or the relay's; each answers whether it did. */
export interface Proxy {
  request(request: IncomingMessage, response: ServerResponse): boolean;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

/** A proxy to the api and the relay of the same process, on loopback. */
export const createProxy = (apiUrl: string, relayUrl: string): Proxy => {
  const api = new URL(apiUrl);
  const relay = new URL(relayUrl);
  return {
    request: (request, response) => {
      const url = request.url ?? '/';
      if (url.startsWith(`${apiPath}/`)) {
        handOn(api, url.slice(apiPath.length), request, response);
        return true;
      }
      if (url.startsWith(relayPath) || contentPath.test(url)) {
        handOn(relay, url, request, response);
        return true;
      }
      return false;
    },
    upgrade: (request, socket, head) => {
      if (request.url?.startsWith(relayPath) !== true) return false;
      handOnSocket(relay, request, socket, head);
      return true;
    },
  };
};

/** Headers as they came, but for the host that is asked and who asks: each hop says that for itself. */
const headersFor = (
  target: URL,
  request: IncomingMessage,
): Record<string, string | string[] | undefined> => ({
  ...request.headers,
  host: target.host,
  'x-forwarded-for': request.socket.remoteAddress,
});

const handOn = (target: URL, path: string, request: IncomingMessage, response: ServerResponse): void => {
  const onward = httpRequest(
    {
      host: target.hostname,
      port: target.port,
      path,
      method: request.method,
      headers: headersFor(target, request),
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  onward.on('error', () => {
    if (response.headersSent) response.destroy();
    else {
      const problem = problemOf('unavailable');
      response
        .writeHead(problem.status, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify(problem));
    }
  });
  response.on('close', () => onward.destroy());
  request.pipe(onward);
};

const handOnSocket = (target: URL, request: IncomingMessage, socket: Duplex, head: Buffer): void => {
  const onward = connect(Number(target.port), target.hostname, () => {
    const lines = Object.entries(headersFor(target, request)).flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}`),
    );
    onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    onward.write(head);
    onward.setNoDelay(true);
    socket.pipe(onward).pipe(socket);
  });
  const end = (): void => {
    onward.destroy();
    socket.destroy();
  };
  for (const side of [onward, socket]) side.on('error', end).on('close', end);
};
