import { readFile } from 'node:fs/promises';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';

import { lookup } from 'mrmime';

import { bootScript, type BootFacts } from '../page/boot-script.ts';
import type { LivePackages } from '../packages/live-packages.ts';
import type { LiveBase } from './live-base.ts';
import type { Proxy } from './proxy.ts';

export interface DevHostOptions {
  readonly base: LiveBase;
  /**
   * What `/cd-push/boot.json` says to a page of this origin, asked for at every request: a join code does not hold for
   * ever.
   */
  readonly boot: (origin: string) => Promise<BootFacts>;
  readonly packages: LivePackages;
  /** The runtime's files for pages, or undefined where the project has none. */
  readonly runtime: () => Promise<ReadonlyMap<string, string> | undefined>;
  /** Names under which the page may be asked for, with their port. */
  readonly hosts: ReadonlySet<string>;
  /** PEM texts; plain HTTP without them. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly authorityFile: string } | undefined;
  /** Hands requests on to the api and the relay, where everything has one address. */
  readonly proxy?: Proxy | undefined;
}

const missingRuntime =
  'The browser runtime was not found. Add @cd-push/shell-runtime to the project and install.\n';

/** The server of a project's page: its files as they are now, and what the page needs to start. */
export const createDevHost = (options: DevHostOptions) => {
  const listener: RequestListener = (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else
        send(
          response,
          500,
          'text/plain',
          `${error instanceof Error ? error.message : 'Something went wrong.'}\n`,
        );
    });
  };
  const { tls, proxy, hosts } = options;
  const server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
  server.on('upgrade', (request, socket, head) => {
    if (isKnownHost(hosts, request) && proxy?.upgrade(request, socket, head) === true) return;
    socket.destroy();
  });
  return server;
};

const answer = async (
  options: DevHostOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  // A foreign name that was made to point here (DNS rebinding) gets nothing to read.
  if (!isKnownHost(options.hosts, request)) {
    send(response, 403, 'text/plain', 'This host name is not served here.\n');
    return;
  }
  if (options.proxy?.request(request, response) === true) return;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'text/plain', 'Only GET and HEAD are answered here.\n');
    return;
  }
  const path = pathOf(request.url ?? '/');
  switch (path) {
    case undefined:
      send(response, 400, 'text/plain', 'This is no path.\n');
      return;
    case 'cd-push/boot.json':
      send(response, 200, 'application/json', JSON.stringify(await options.boot(originOf(options, request))));
      return;
    case 'cd-push/boot.js':
      send(response, 200, 'text/javascript', bootScript);
      return;
    case 'cd-push/authority.pem':
      if (options.tls === undefined) send(response, 404, 'text/plain', 'This host needs no certificate.\n');
      else send(response, 200, 'application/x-x509-ca-cert', await readFile(options.tls.authorityFile));
      return;
    case 'cd-push.base.json': {
      const packages = await options.packages.urls(options.base.entries());
      send(response, 200, 'application/json', JSON.stringify({ ...options.base.manifest(), packages }));
      return;
    }
    default: {
      const imported = options.packages.file(path);
      if (imported !== undefined) send(response, 200, 'text/javascript', imported);
      else if (path.startsWith(runtimeFolder))
        sendRuntime(await options.runtime(), path.slice(runtimeFolder.length), response);
      else sendFile(options.base, path, request, response);
    }
  }
};

const runtimeFolder = 'cd-push/';

const sendRuntime = (
  runtime: ReadonlyMap<string, string> | undefined,
  name: string,
  response: ServerResponse,
): void => {
  const text = runtime?.get(name);
  if (runtime === undefined) send(response, 404, 'text/plain', missingRuntime);
  else if (text === undefined) send(response, 404, 'text/plain', 'There is no such file in the runtime.\n');
  else send(response, 200, mediaType(name), text);
};

const sendFile = (base: LiveBase, path: string, request: IncomingMessage, response: ServerResponse): void => {
  const file = base.file(path);
  if (file === undefined) {
    send(response, 404, 'text/plain', 'There is no such file in this project.\n');
    return;
  }
  const etag = `"${file.digest}"`;
  response.setHeader('etag', etag);
  response.setHeader('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  send(response, 200, mediaType(file.name), file.body);
};

const mediaType = (name: string): string =>
  name.endsWith('.map') ? 'application/json' : (lookup(name) ?? 'application/octet-stream');

const send = (response: ServerResponse, status: number, type: string, body: string | Uint8Array): void => {
  if (!response.hasHeader('cache-control')) response.setHeader('cache-control', 'no-store');
  const text = type.startsWith('text/') || type === 'application/json' ? '; charset=utf-8' : '';
  response.writeHead(status, {
    'content-type': `${type}${text}`,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
};

/** The path without its first slash, decoded; undefined for what is no path. */
const pathOf = (url: string): string | undefined => {
  try {
    return decodeURIComponent(new URL(url, 'http://localhost').pathname.slice(1));
  } catch {
    return undefined;
  }
};

const originOf = ({ tls }: DevHostOptions, { headers: { host = '' } }: IncomingMessage): string =>
  `${tls === undefined ? 'http' : 'https'}://${host}`;

const isKnownHost = (hosts: ReadonlySet<string>, { headers: { host } }: IncomingMessage): boolean =>
  host !== undefined && hosts.has(host.toLowerCase());
