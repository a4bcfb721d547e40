import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

import { onTestFinished } from 'vitest';

/** A server whose connections and what came on them can be looked at. */
export const listen = async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets, server };
};

/** A connection, and all that it has heard. */
export const dial = async (port: number) => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  onTestFinished(() => void socket.destroy());
  const heard = collect(socket);
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, heard, closed };
};

export const collect = (socket: Socket): { text: string } => {
  const heard = { text: '' };
  socket.setEncoding('latin1').on('data', (text: string) => (heard.text += text));
  return heard;
};
