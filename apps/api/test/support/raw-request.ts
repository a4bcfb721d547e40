import { connect } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Sends bytes as they are, such as no HTTP client would send, and answers the status line and the body. */
export const rawRequest = async (url: string, request: string): Promise<{ status: number; text: string }> => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(request);
  const answer = await text(socket);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), text: answer };
};

export const get = (host: string, path = '/.well-known/cd-push', headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`;
