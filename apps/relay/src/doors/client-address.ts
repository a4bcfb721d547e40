import type { IncomingMessage } from 'node:http';

import { compile, default as proxyAddr } from '@fastify/proxy-addr';

/** Reads from a request the address of whoever sent it. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * The address that a request's socket has, or, where that is a trusted proxy's, the nearest one in its `X-Forwarded-For`
 * that is none. What stands beyond that was written by whoever sent it, and is not looked at.
 *
 * @param proxies addresses, networks in CIDR form, or `loopback`, `linklocal`, `uniquelocal`.
 * @throws {TypeError} for what is no address.
 */
export const clientAddressBehind = (proxies: readonly string[]): ClientAddress => {
  const trusts = compile([...proxies]);
  return (request) => proxyAddr(request, trusts);
};
