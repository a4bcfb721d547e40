import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** PEM texts. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
}

/** A peer that does not get its request's head across in this time is not waited for; its body is {@link expectSoon}'s. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 0, connectionsCheckingInterval: 5_000 };
const bodyMs = 30_000;

export const serverOf = (tls: TlsOptions | undefined, answer: RequestListener): Server =>
  tls === undefined ? createHttpServer(timeouts, answer) : createHttpsServer({ ...timeouts, ...tls }, answer);

/** Ends a request whose body is not across soon. Whoever takes long ones in watches them itself. */
export const expectSoon = (request: IncomingMessage): void => {
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, bodyMs).unref();
  request.once('close', () => clearTimeout(timer));
};

/**
 * Listens, and answers the port.
 *
 * @throws Error where the port is taken.
 */
export const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });

/** A host as it stands in a URL. */
export const hostOf = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
};

/** The names by which this machine itself knows the address; browsers leave a scheme's own port out. */
export const hostsOf = (host: string, port: number): string[] =>
  [hostOf(host), 'localhost', '127.0.0.1', '[::1]'].flatMap((name) =>
    port === 80 || port === 443 ? [name, `${name}:${port}`] : [`${name}:${port}`],
  );
