import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

import { Type } from 'typebox';

/** Bytes that this process has exchanged with whoever has connected to it, below TLS and above TCP. */
export const TrafficSchema = Type.Object({ read: Type.Number(), written: Type.Number() });

const open = new Set<Socket>();
const ended = { read: 0, written: 0 };

/** Notes connections from now on. */
export const watchTraffic = (): void =>
  subscribe('net.server.socket', (message) => {
    if (typeof message !== 'object' || message === null || !('socket' in message)) return;
    const { socket } = message;
    if (!(socket instanceof Socket)) return;
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      ended.read += socket.bytesRead;
      ended.written += socket.bytesWritten;
    });
  });

export const trafficNow = (): { read: number; written: number } => {
  let { read, written } = ended;
  for (const { bytesRead, bytesWritten } of open) {
    read += bytesRead;
    written += bytesWritten;
  }
  return { read, written };
};
